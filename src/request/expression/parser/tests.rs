use jiff::civil::{date, datetime};
use jiff::tz::offset;
use proptest::prelude::*;
use rstest::rstest;

use super::*;

/// The tree with every bracket written.
fn read(text: &str) -> String {
    shown(&condition("filter", text).unwrap_or_else(|error| panic!("{text}: {error}")))
}

fn shown(expression: &Expression) -> String {
    match &expression.kind {
        Kind::Literal(literal) => format!("{literal:?}"),
        Kind::Column(name) => name.clone(),
        Kind::Not(one) => format!("!{}", shown(one)),
        Kind::Negative(one) => format!("-{}", shown(one)),
        Kind::Binary(one, operator, other) => format!("({} {} {})", shown(one), operator.name(), shown(other)),
        Kind::In(one, several) => {
            format!("({} in {})", shown(one), several.iter().map(shown).collect::<Vec<_>>().join(","))
        }
        Kind::Call(function, arguments) => {
            format!("{}[{}]", function.name(), arguments.iter().map(shown).collect::<Vec<_>>().join(","))
        }
    }
}

fn refused(text: &str) -> (usize, String) {
    match condition("filter", text) {
        Err(RequestError::Expression { position, why, .. }) => (position, why),
        other => panic!("{text}: {other:?}"),
    }
}

#[rstest]
#[case("a eq 1 or b eq 2 and c eq 3", "((a eq Integer(1)) or ((b eq Integer(2)) and (c eq Integer(3))))")]
#[case("(a eq 1 or b eq 2) and c", "(((a eq Integer(1)) or (b eq Integer(2))) and c)")]
#[case("not a and b", "(!a and b)")]
#[case("not (a gt 1)", "!(a gt Integer(1))")]
#[case("a add b mul c sub d", "((a add (b mul c)) sub d)")]
#[case("a gt 1 eq true", "((a gt Integer(1)) eq Boolean(true))")]
#[case("-a lt -1.5", "(-a lt Number(\"-1.5\"))")]
#[case("a in ('x','y''z',null)", "(a in Text(\"x\"),Text(\"y'z\"),Null)")]
#[case("contains(tolower(a),'b')", "contains[tolower[a],Text(\"b\")]")]
#[case("substring(a,1,2) EQ 'b' AND TRUE", "((substring[a,Integer(1),Integer(2)] eq Text(\"b\")) and Boolean(true))")]
#[case("größe eq 1e3", "(größe eq Number(\"1e3\"))")]
#[case("7_days ge 12345678901234567890", "(7_days ge Number(\"12345678901234567890\"))")]
#[case("and eq 1", "(and eq Integer(1))")]
fn operators_bind_as_odata_says(#[case] text: &str, #[case] tree: &str) {
    assert_eq!(read(text), tree);
}

#[test]
fn days_and_times_are_read_with_and_without_offsets() {
    let value = |text: &str| match condition("filter", text).unwrap().kind {
        Kind::Literal(literal) => literal,
        other => panic!("{other:?}"),
    };
    let time = datetime(2026, 11, 1, 9, 30, 0, 0);
    assert_eq!(value("2026-11-01"), Literal::Date(date(2026, 11, 1)));
    assert_eq!(value("2026-11-01T09:30:00"), Literal::Time(time, None));
    assert_eq!(value("2026-11-01T09:30"), Literal::Time(time, None));
    assert_eq!(value("2026-11-01T09:30:00Z"), Literal::Time(time, Some(offset(0))));
    assert_eq!(value("2026-11-01T09:30:00-03:00"), Literal::Time(time, Some(offset(-3))));
    let half = jiff::tz::Offset::from_seconds(19_800).unwrap();
    assert_eq!(value("2026-11-01T09:30:00+05:30"), Literal::Time(time, Some(half)));
    assert_eq!(value("2026-11-01T09:30:00 05:30"), Literal::Time(time, Some(half)), "a + of an address is a blank");
    assert_eq!(
        value("2026-11-01T09:30:00.125Z"),
        Literal::Time(datetime(2026, 11, 1, 9, 30, 0, 125_000_000), Some(offset(0)))
    );
    assert_eq!(read("a gt 2026-11-01T09:30:00 and b"), format!("((a gt {:?}) and b)", Literal::Time(time, None)));
}

#[rstest]
#[case("", 1, "it ends where")]
#[case("a eq", 5, "it ends where")]
#[case("a = 1", 3, "equal is written `eq`")]
#[case("a eq \"x\"", 6, "single quotes")]
#[case("a eq 'x", 6, "no closing '")]
#[case("(a eq 1", 1, "never closed")]
#[case("a eq 1)", 7, "never opened")]
#[case("a 1", 3, "an operator")]
#[case("a like 'x%'", 3, "contains(column,'text')")]
#[case("a is null", 3, "`eq null`")]
#[case("containz(a,'b')", 1, "no function `containz`")]
#[case("contains(a)", 1, "takes 2 arguments, not 1")]
#[case("a in 1", 6, "needs a list")]
#[case("a in (b)", 7, "values only")]
#[case("a eq 2026-02-30", 6, "no day 2026-02-30")]
#[case("a eq 2026-02-03T25:00:00", 6, "no time")]
#[case("a eq 2026-02-03 10:00", 19, "with its day")]
#[case("a eq 2026-02-03T10:00:00+5", 25, "an offset is written")]
#[case("$filter eq 1", 1, "no `$`")]
fn what_cannot_be_read_is_refused_with_its_place(#[case] text: &str, #[case] position: usize, #[case] why: &str) {
    let (at, said) = refused(text);
    assert!(said.contains(why), "{text}: {said}");
    assert_eq!(at, position, "{text}: {said}");
}

#[test]
fn hostile_texts_are_bounded() {
    for (open, close) in [("(", ")"), ("not ", ""), ("- ", ""), ("length(", ")")] {
        let text = format!("{}a{}", open.repeat(1000), close.repeat(1000));
        assert!(refused(&text).1.contains("within each other"), "{open}");
    }
    assert!(refused(&vec!["a"; 1000].join(" or ")).1.contains("more than"));
    assert!(refused(&format!("a in ({}", "1,".repeat(1000))).1.contains("more than"));
    assert!(order("orderby", &vec!["a"; 40].join(",")).is_err());
}

#[test]
fn orders_and_lists_of_columns_are_read() {
    let keys = order("orderby", "a desc, length(b) asc,c").unwrap();
    let said: Vec<_> = keys.iter().map(|key| (shown(&key.by), key.direction)).collect();
    use Direction::{Ascending, Descending};
    assert_eq!(said, [("a".into(), Descending), ("length[b]".into(), Ascending), ("c".into(), Ascending)]);
    let names = columns("select", "b, a").unwrap().unwrap();
    assert_eq!(names.iter().map(|name| (name.name.as_str(), name.at)).collect::<Vec<_>>(), [("b", 1), ("a", 4)]);
    assert_eq!(columns("select", "*").unwrap(), None);
    for bad in ["a,", "a,a", "a b", "1", "a,*", ",a"] {
        assert!(columns("select", bad).is_err(), "{bad}");
    }
}

proptest! {
    #[test]
    fn any_text_is_a_tree_or_a_refusal_within_the_text(text in "(?s).{0,80}") {
        if let Err(RequestError::Expression { position, .. }) = condition("filter", &text) {
            prop_assert!((1..=text.chars().count() + 1).contains(&position));
        }
    }

    #[test]
    fn words_of_the_grammar_in_any_order_never_panic(
        words in proptest::collection::vec(prop_oneof![
            Just("a"), Just("eq"), Just("not"), Just("("), Just(")"), Just(","), Just("'x'"), Just("-"), Just("1.5"),
            Just("2026-11-01"), Just("2026-11-01T00:00:00"), Just("05:30"), Just("in"), Just("and"), Just("length("),
        ], 0..25)
    ) {
        let text = words.join(" ");
        let _ = (condition("filter", &text), order("orderby", &text), columns("select", &text));
    }
}
