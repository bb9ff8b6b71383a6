//! Values with rules of their own: durations, sizes, addresses.
//!
//! Each is written as text and says what it expects when the text does not fit; the text itself is never quoted.

use std::net::SocketAddr;
use std::time::Duration;

use bytesize::ByteSize;
use serde::Deserialize;
use url::Url;

/// `90s`, `5m`, `6h`, `2d`.
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(try_from = "String")]
pub(super) struct Lapse(pub Duration);

impl TryFrom<String> for Lapse {
    type Error = &'static str;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        duration(&text)
            .map(Self)
            .ok_or("expected a duration such as `90s`, `5m`, `6h` or `2d`, of a hundred years at most")
    }
}

/// A hundred years: far beyond sense, and far from where adding it to an instant would overflow.
const LONGEST: Duration = Duration::from_secs(100 * 366 * 86_400);

fn duration(text: &str) -> Option<Duration> {
    let digits = text.trim_end_matches(|c: char| c.is_ascii_alphabetic());
    let seconds = match text.get(digits.len()..)? {
        "s" => 1,
        "m" => 60,
        "h" => 60 * 60,
        "d" => 24 * 60 * 60,
        _ => return None,
    };
    let plain = !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit());
    let lapse = plain.then(|| digits.parse::<u64>().ok()?.checked_mul(seconds)).flatten().map(Duration::from_secs);
    lapse.filter(|lapse| *lapse <= LONGEST)
}

/// A number of bytes: `256MiB`, `4GiB`, `500kB`.
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(try_from = "String")]
pub(super) struct Size(pub u64);

impl TryFrom<String> for Size {
    type Error = &'static str;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        text.parse::<ByteSize>()
            .map(|size| Self(size.as_u64()))
            .map_err(|_| "expected a size such as `256MiB` or `4GiB`")
    }
}

/// An address and a port to listen on.
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(try_from = "String")]
pub(super) struct Listen(pub SocketAddr);

impl TryFrom<String> for Listen {
    type Error = &'static str;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        text.parse()
            .map(Self)
            .map_err(|_| "expected an IP address and a port such as `127.0.0.1:8080`, `0.0.0.0:8080` or `[::]:8080`")
    }
}

/// An absolute http or https address without credentials, query or fragment. Its path ends in `/`, so that joining
/// a relative path appends to it.
#[derive(Clone, Debug, Deserialize)]
#[serde(try_from = "String")]
pub(super) struct WebAddress(pub Url);

impl TryFrom<String> for WebAddress {
    type Error = &'static str;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        let mut url = web_url(&text)?;
        if !url.path().ends_with('/') {
            let path = format!("{}/", url.path());
            url.set_path(&path);
        }
        Ok(Self(url))
    }
}

/// As [`WebAddress`], of a document: the path stays as it is, a query is allowed.
#[derive(Clone, Debug, Deserialize)]
#[serde(try_from = "String")]
pub(super) struct DocumentAddress(pub Url);

impl TryFrom<String> for DocumentAddress {
    type Error = &'static str;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        let (base, query) = text.split_once('?').map_or((text.as_str(), None), |(base, query)| (base, Some(query)));
        let mut url = web_url(base)?;
        url.set_query(query);
        Ok(Self(url))
    }
}

fn web_url(text: &str) -> Result<Url, &'static str> {
    const EXPECTED: &str = "expected an absolute address such as `https://bi.example.com/`";
    let url = Url::parse(text).map_err(|_| EXPECTED)?;
    if !matches!(url.scheme(), "http" | "https") || !url.has_host() {
        return Err(EXPECTED);
    }
    if !url.username().is_empty() || url.password().is_some() {
        return Err("expected an address without credentials in it");
    }
    if url.query().is_some() || url.fragment().is_some() {
        return Err("expected an address without `?` or `#`");
    }
    Ok(url)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn durations_have_one_unit() {
        assert_eq!(duration("90s"), Some(Duration::from_secs(90)));
        assert_eq!(duration("5m"), Some(Duration::from_secs(300)));
        assert_eq!(duration("6h"), Some(Duration::from_secs(21_600)));
        assert_eq!(duration("2d"), Some(Duration::from_secs(172_800)));
        assert_eq!(duration("0s"), Some(Duration::ZERO));
        for wrong in
            ["", "s", "5", "5 m", "-5m", "+5m", "1.5h", "1h30m", "5x", "99999999999999999999d", "36601d", "5M", "٥m"]
        {
            assert_eq!(duration(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn sizes_know_both_kinds_of_units() {
        assert_eq!(Size::try_from("256MiB".to_owned()).unwrap().0, 256 << 20);
        assert_eq!(Size::try_from("4GiB".to_owned()).unwrap().0, 4 << 30);
        assert_eq!(Size::try_from("500kB".to_owned()).unwrap().0, 500_000);
        for wrong in ["", "MiB", "-1MiB", "lots"] {
            assert!(Size::try_from(wrong.to_owned()).is_err(), "{wrong}");
        }
    }

    #[test]
    fn a_web_address_ends_in_a_slash_and_holds_no_secret() {
        assert_eq!(
            WebAddress::try_from("https://x.example/bi".to_owned()).unwrap().0.as_str(),
            "https://x.example/bi/"
        );
        assert_eq!(
            WebAddress::try_from("http://127.0.0.1:9099".to_owned()).unwrap().0.as_str(),
            "http://127.0.0.1:9099/"
        );
        for wrong in
            ["", "x.example", "ftp://x.example/", "https://u:p@x.example/", "https://x.example/?a=1", "data:,x"]
        {
            assert!(WebAddress::try_from(wrong.to_owned()).is_err(), "{wrong}");
        }
        assert_eq!(
            DocumentAddress::try_from("https://x.example/keys?tenant=1".to_owned()).unwrap().0.as_str(),
            "https://x.example/keys?tenant=1"
        );
    }

    proptest! {
        #[test]
        fn no_text_makes_a_value_panic(text in ".{0,24}") {
            let _ = duration(&text);
            let _ = Size::try_from(text.clone());
            let _ = Listen::try_from(text.clone());
            let _ = WebAddress::try_from(text.clone());
            let _ = DocumentAddress::try_from(text);
        }
    }
}
