//! How large a query's text may be, told from its words before anything is built of them.
//!
//! A chain (`a + a + …`, `… UNION ALL …`) becomes a tree as deep as the chain is long, and whatever walks or drops that
//! tree needs stack for each level. The parser bounds brackets and subqueries; chains are bounded here.

use datafusion::logical_expr::sqlparser::dialect::GenericDialect;
use datafusion::logical_expr::sqlparser::keywords::Keyword;
use datafusion::logical_expr::sqlparser::tokenizer::{Token, TokenWithSpan, Tokenizer};

use super::SqlError;

/// Operators, joins and selects of one query.
const MOST_PARTS: usize = 500;
/// Bytes of one text in a query: the engine repeats it for every row of a batch.
const LONGEST_TEXT: usize = 4 * 1024;

/// The words of a query.
///
/// Errors: it cannot be read, has too many parts, or holds too long a text.
pub(super) fn words(text: &str) -> Result<Vec<TokenWithSpan>, SqlError> {
    let read = Tokenizer::new(&GenericDialect {}, text).tokenize_with_location();
    let words = read.map_err(|error| SqlError::Syntax(error.to_string()))?;
    let parts = words.iter().filter(|word| makes_deeper(&word.token)).count();
    if parts > MOST_PARTS {
        return Err(SqlError::TooManyParts { parts, most: MOST_PARTS });
    }
    if words.iter().any(|word| length(&word.token).is_some_and(|length| length > LONGEST_TEXT)) {
        return Err(SqlError::LongText { most: LONGEST_TEXT });
    }
    Ok(words)
}

/// Whether a tree can become one level deeper by this word: operators of any kind, and the words that are operators.
fn makes_deeper(token: &Token) -> bool {
    match token {
        Token::Word(word) => matches!(
            word.keyword,
            Keyword::AND
                | Keyword::OR
                | Keyword::XOR
                | Keyword::NOT
                | Keyword::IS
                | Keyword::NOTNULL
                | Keyword::IN
                | Keyword::BETWEEN
                | Keyword::LIKE
                | Keyword::ILIKE
                | Keyword::SIMILAR
                | Keyword::RLIKE
                | Keyword::REGEXP
                | Keyword::DIV
                | Keyword::COLLATE
                | Keyword::AT
                | Keyword::OVERLAPS
                | Keyword::SELECT
                | Keyword::VALUES
                | Keyword::UNION
                | Keyword::EXCEPT
                | Keyword::INTERSECT
                | Keyword::MINUS
                | Keyword::JOIN
                | Keyword::APPLY
                | Keyword::PIVOT
                | Keyword::UNPIVOT
                | Keyword::MATCH_RECOGNIZE
        ),
        Token::EOF
        | Token::Number(..)
        | Token::Placeholder(_)
        | Token::Whitespace(_)
        | Token::Comma
        | Token::Period
        | Token::SemiColon
        | Token::LParen
        | Token::RParen
        | Token::RBracket
        | Token::RBrace => false,
        other => length(other).is_none(),
    }
}

/// Bytes of a text; no other word has a length.
fn length(token: &Token) -> Option<usize> {
    match token {
        Token::SingleQuotedString(text)
        | Token::DoubleQuotedString(text)
        | Token::TripleSingleQuotedString(text)
        | Token::TripleDoubleQuotedString(text)
        | Token::SingleQuotedByteStringLiteral(text)
        | Token::DoubleQuotedByteStringLiteral(text)
        | Token::TripleSingleQuotedByteStringLiteral(text)
        | Token::TripleDoubleQuotedByteStringLiteral(text)
        | Token::SingleQuotedRawStringLiteral(text)
        | Token::DoubleQuotedRawStringLiteral(text)
        | Token::TripleSingleQuotedRawStringLiteral(text)
        | Token::TripleDoubleQuotedRawStringLiteral(text)
        | Token::NationalStringLiteral(text)
        | Token::EscapedStringLiteral(text)
        | Token::UnicodeStringLiteral(text)
        | Token::HexStringLiteral(text) => Some(text.len()),
        Token::DollarQuotedString(text) => Some(text.value.len()),
        Token::QuoteDelimitedStringLiteral(text) | Token::NationalQuoteDelimitedStringLiteral(text) => {
            Some(text.value.len())
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plan::Query;

    /// `text` with its middle repeated.
    fn chain(before: &str, link: &str, times: usize) -> String {
        format!("{before}{}", link.repeat(times))
    }

    #[test]
    fn chains_that_would_make_too_deep_a_tree_are_refused() {
        for (before, link) in [
            ("SELECT 1", " + 1"),
            ("SELECT 'a'", " || 'b'"),
            ("SELECT 1 WHERE 1 = 1", " OR 1 = 1"),
            ("SELECT 1", "::int"),
            ("SELECT 1", " IS NULL"),
            ("SELECT 1", " UNION ALL SELECT 1"),
            ("SELECT 1 FROM (SELECT 1) t", ", (SELECT 1) t"),
            ("SELECT 1 FROM (VALUES (1)) t", " CROSS JOIN (VALUES (1)) t"),
            ("SELECT a", "[1]"),
            ("SELECT a", " AT TIME ZONE 'UTC'"),
        ] {
            let refused = Query::parse(&chain(before, link, MOST_PARTS)).unwrap_err();
            assert!(matches!(refused, SqlError::TooManyParts { .. }), "{before}{link}: {refused}");
            assert!(words(&chain(before, link, 100)).is_ok(), "{before}{link}");
        }
        let ctes: String = (1..400).map(|n| format!(", a{n} AS (SELECT x + 1 AS x FROM a{})", n - 1)).collect();
        let refused = Query::parse(&format!("WITH a0 AS (SELECT 1 AS x){ctes} SELECT x FROM a399")).unwrap_err();
        assert!(matches!(refused, SqlError::TooManyParts { .. }), "{refused}");
    }

    #[test]
    fn long_lists_are_no_chains_and_long_texts_are_refused() {
        let list = chain("SELECT 1 WHERE 1 IN (0", ", 1", 5000) + ")";
        assert!(Query::parse(&list).is_ok());
        let columns = chain("SELECT a", ", b AS c", 5000);
        assert!(Query::parse(&columns).is_ok());
        let text = "x".repeat(LONGEST_TEXT);
        assert!(Query::parse(&format!("SELECT '{text}'")).is_ok());
        for long in [format!("SELECT '{text}x'"), format!("SELECT $${text}x$$"), format!("SELECT E'{text}x'")] {
            assert!(matches!(Query::parse(&long), Err(SqlError::LongText { .. })), "{}", &long[..12]);
        }
    }
}
