//! `profiles` and `profile`: one record per profile record (reference 4.3).
//!
//! `profile_id` is the identity, else the device id at the top, else that of the first device that has one; rows sort by
//! it. A walk can give the same person twice; both are rows, because telling would take the whole sweep in memory.
//!
//! `platform_info` and `event_summaries` keep CleverTap's lists as JSON, for the tables that are made of them.

use std::borrow::Cow;

use jiff::civil::Date;

use super::sheet::{Sheet, key_of, quoted};
use super::value::{Members, elements, records, said};
use crate::flatten::error::{FlattenError, RecordFault};

/// The people of a page, kept under `day`.
///
/// In: a JSON array of profile records. Errors: the first record that is no object, or belongs to nobody, refuses the
/// page.
pub fn profiles(page: &[u8], day: Date) -> Result<Vec<u8>, FlattenError> {
    let mut sheet = Sheet::new(page.len());
    for (record, json) in records(page)?.into_iter().enumerate() {
        let person = Members::of_record(record, json)?;
        let info = person.get("platformInfo").filter(|info| info.starts_with(['[', '{']));
        let devices = info.map(devices_in).unwrap_or_default();
        let ids = devices.iter().filter_map(|(_, device)| device.get("objectId"));
        let object_id = person.get("objectId").into_iter().chain(ids).find(|id| is_id(id));
        let profile_id = person.get("identity").filter(|id| is_id(id)).or(object_id).map(said);
        let profile_id = profile_id.ok_or(FlattenError::Record { record, fault: RecordFault::Nobody })?;
        let mut row = sheet.row(day, key_of(&profile_id));
        row.text("profile_id", Some(&profile_id));
        for column in ["identity", "email", "phone", "name", "all_identities"] {
            row.json(column, person.get(column));
        }
        row.json("object_id", object_id)
            .json("platforms", platforms(&person, &devices).as_deref())
            .json("platform_info", info)
            .json("event_summaries", person.get("events").filter(|events| events.starts_with('{')));
        match person.get("profileData") {
            Some(data) => row.end(&[("profile", &format!("{{\"profileData\":{data}}}"))]),
            None => row.end(&[]),
        }
    }
    Ok(sheet.finish())
}

/// Whether somebody can be known by it: a text that is not empty, or a number.
fn is_id(json: &str) -> bool {
    json.starts_with(|first: char| first == '"' || first == '-' || first.is_ascii_digit())
        && !said(json).trim().is_empty()
}

/// The devices of a profile, each with its place. A single device need not be in a list.
pub(super) fn devices_in(info: &str) -> Vec<(usize, Members<'_>)> {
    let devices = elements(info).unwrap_or_else(|| vec![info]);
    let devices = devices.into_iter().enumerate();
    devices.filter_map(|(index, device)| Some((index, Members::of(device)?))).collect()
}

/// The platforms of the person, each once, as JSON; `None` when none is named.
fn platforms(person: &Members<'_>, devices: &[(usize, Members<'_>)]) -> Option<String> {
    let mut names: Vec<Cow<'_, str>> = Vec::new();
    for platform in devices.iter().filter_map(|(_, device)| device.get("platform")).chain(person.get("platform")) {
        let name = said(platform);
        if !names.contains(&name) {
            names.push(name);
        }
    }
    let names: Vec<String> = names.iter().map(|name| quoted(name)).collect();
    (!names.is_empty()).then(|| format!("[{}]", names.join(",")))
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;
    use proptest::prelude::*;

    use super::super::testing::{Table, any_json};
    use super::*;

    fn table() -> Table {
        Table::of(&[
            "profile_id",
            "identity",
            "email",
            "phone",
            "name",
            "all_identities",
            "object_id",
            "platforms json",
            "platform_info json",
            "event_summaries json",
        ])
    }

    fn rows(page: &str) -> Vec<String> {
        table().rows(&profiles(page.as_bytes(), date(2026, 11, 1)).unwrap())
    }

    #[test]
    fn a_person_has_devices_summaries_and_properties() {
        let page = r#"[{"identity":5555555555,"all_identities":["5555555555", "a@b.c"],"email":"a@b.c","name":"Peter",
            "phone":584120000000,"df":{"0":1},
            "profileData":{"Last Score":308,"Replayed":true,"Customer since":"$D_1457308800","deep":{"a":{"b":{"c":1}}}},
            "events":{"App Launched":{"count":10,"first_seen":1457271567}},
            "platformInfo":[{"platform":"iOS","objectId":"-1a"},{"platform":"Web","objectId":"a8"},{"platform":"iOS"}]}]"#;
        assert_eq!(
            rows(page),
            [concat!(
                "profile_id=5555555555|identity=5555555555|email=a@b.c|phone=584120000000|name=Peter|",
                r#"all_identities=["5555555555", "a@b.c"]|object_id=-1a|platforms=["iOS","Web"]|"#,
                r#"platform_info=[{"platform":"iOS","objectId":"-1a"},{"platform":"Web","objectId":"a8"},{"platform":"iOS"}]|"#,
                r#"event_summaries={"App Launched":{"count":10,"first_seen":1457271567}}|"#,
                r#"profile_last_score=308|profile_replayed=true|profile_customer_since=1457308800000000|profile_deep_a_b={"c":1}"#
            )]
        );
    }

    #[test]
    fn somebody_without_an_identity_goes_by_a_device() {
        let page = r#"[
            {"objectId":"__g2","platformInfo":[{"objectId":"other"}],"phone":"+58"},
            {"identity":"","platformInfo":{"platform":"Web","objectId":"__g1"}},
            {"identity":null,"platformInfo":[7,{"objectId":""},{"objectId":"__g3"}],"platform":"Web","profileData":[]}
        ]"#;
        assert_eq!(
            rows(page),
            [
                r#"profile_id=__g1|identity=|object_id=__g1|platforms=["Web"]|platform_info={"platform":"Web","objectId":"__g1"}"#,
                r#"profile_id=__g2|phone=+58|object_id=__g2|platform_info=[{"objectId":"other"}]"#,
                r#"profile_id=__g3|object_id=__g3|platforms=["Web"]|platform_info=[7,{"objectId":""},{"objectId":"__g3"}]"#,
            ]
        );
    }

    #[test]
    fn a_record_of_nobody_is_refused() {
        for (person, expected) in [("{}", RecordFault::Nobody), ("7", RecordFault::NotAnObject)] {
            let result = profiles(format!(r#"[{{"identity":"i"}},{person}]"#).as_bytes(), date(2026, 11, 1));
            assert!(matches!(result, Err(FlattenError::Record { record: 1, fault }) if fault == expected));
        }
    }

    proptest! {
        #[test]
        fn any_json_is_answered(person in any_json(), info in any_json(), data in any_json()) {
            let page = format!(r#"[{{"identity":{person},"objectId":"o","platformInfo":{info},"profileData":{data},"events":{info}}}]"#);
            let page = profiles(page.as_bytes(), date(2026, 11, 1)).unwrap();
            prop_assert_eq!(table().rows(&page).len(), 1);
            let _ = profiles(person.as_bytes(), date(2026, 11, 1));
        }
    }
}
