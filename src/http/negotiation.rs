//! Which format an answer is written in: the extension of the path, or the header `Accept`.
//!
//! The extension beats the header. Without one the header is read as RFC 9110 says: for each of our formats the most
//! specific range that matches it gives its weight, parameters of media types do not matter, and the greatest weight
//! wins. Equal weights go to the more specific range, then to the one that stands first; where only `*/*` decides, it is
//! JSON. No header at all is `*/*`.

use actix_web::HttpRequest;
use actix_web::http::header::{ACCEPT, Accept, Quality};

use crate::encode::Format;
use crate::error::ApiError;

/// The format of an extension, such as `csv`.
pub fn by_extension(extension: &str) -> Result<Format, ApiError> {
    Format::from_extension(extension).ok_or_else(|| ApiError::format_unknown(extension, extensions()))
}

/// The format that the header asks for.
pub fn by_accept(request: &HttpRequest) -> Result<Format, ApiError> {
    if request.headers().get_all(ACCEPT).all(|line| line.as_bytes().trim_ascii().is_empty()) {
        return Ok(Format::Json);
    }
    let accept = accepted(request);
    // JSON first: the first of equals wins.
    let formats = std::iter::once(Format::Json).chain(Format::ALL.iter().copied().filter(|f| *f != Format::Json));
    let mut best: Option<(Rank, Format)> = None;
    for format in formats {
        if let Some(rank) = rank(&accept, format)
            && rank.quality > Quality::ZERO
            && best.as_ref().is_none_or(|(so_far, _)| rank.beats(so_far))
        {
            best = Some((rank, format));
        }
    }
    best.map(|(_, format)| format).ok_or_else(refusal)
}

/// The ranges of the header; those that cannot be read are left out. Java's old HTTP client writes `q=.2`.
fn accepted(request: &HttpRequest) -> Accept {
    let lines = request.headers().get_all(ACCEPT).filter_map(|line| line.to_str().ok());
    let text = lines.collect::<Vec<_>>().join(",").replace("q=.", "q=0.");
    Accept(text.split(',').filter_map(|range| range.trim().parse().ok()).collect())
}

fn refusal() -> ApiError {
    ApiError::not_acceptable(Format::ALL.iter().map(|format| essence(format.media_type())))
}

fn extensions() -> impl Iterator<Item = &'static str> {
    Format::ALL.iter().map(|format| format.name())
}

/// How much a header wants a format.
struct Rank {
    quality: Quality,
    /// 0 `*/*`, 1 `text/*`, 2 `text/csv`.
    specificity: u8,
    position: usize,
}

impl Rank {
    fn beats(&self, other: &Self) -> bool {
        let order = self.quality.cmp(&other.quality).then(self.specificity.cmp(&other.specificity));
        order.then(other.position.cmp(&self.position)).is_gt()
    }
}

/// The most specific range that matches the format; the first of equally specific ones.
fn rank(accept: &Accept, format: Format) -> Option<Rank> {
    let (main, sub) = essence(format.media_type()).split_once('/')?;
    let mut best: Option<Rank> = None;
    for (position, range) in accept.iter().enumerate() {
        let specificity = match (range.item.type_().as_str(), range.item.essence_str().split_once('/')) {
            ("*", _) => 0,
            (kind, Some((_, "*"))) if kind == main => 1,
            (kind, Some((_, subtype))) if kind == main && subtype == sub => 2,
            _ => continue,
        };
        if best.as_ref().is_none_or(|so_far| specificity > so_far.specificity) {
            best = Some(Rank { quality: range.quality, specificity, position });
        }
    }
    best
}

/// The media type without its parameters.
fn essence(media_type: &'static str) -> &'static str {
    media_type.split(';').next().unwrap_or(media_type)
}

#[cfg(test)]
mod tests {
    use actix_web::test::TestRequest;
    use rstest::rstest;

    use super::*;
    use crate::error::Code;

    fn accept(value: &str) -> Result<Format, ApiError> {
        by_accept(&TestRequest::default().insert_header((ACCEPT, value)).to_http_request())
    }

    #[rstest]
    #[case("text/csv", Format::Csv)]
    #[case("application/json", Format::Json)]
    #[case("TEXT/CSV", Format::Csv)]
    #[case("text/csv; charset=utf-8; header=present", Format::Csv)]
    #[case("application/json;odata.metadata=minimal;q=1.0,application/xml;q=0.8", Format::Json)]
    #[case("text/csv, */*;q=0.1", Format::Csv)]
    #[case("text/csv;q=0.2, application/json;q=0.7", Format::Json)]
    #[case("text/csv, application/json", Format::Csv)]
    #[case("application/json, text/csv", Format::Json)]
    #[case("text/*", Format::Csv)]
    #[case("application/*", Format::Json)]
    #[case("application/x-ndjson", Format::Ndjson)]
    #[case("application/vnd.apache.arrow.stream, */*;q=0.1", Format::Arrow)]
    #[case("application/vnd.apache.parquet", Format::Parquet)]
    #[case("application/vnd.openxmlformats-officedocument.spreadsheetml.sheet", Format::Xlsx)]
    #[case("text/csv;q=0, application/json;q=0, */*", Format::Ndjson)]
    #[case("*/*", Format::Json)]
    #[case("*/*, text/csv", Format::Csv)]
    #[case("*/*;q=0.5, application/json;q=0", Format::Csv)]
    #[case("text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8", Format::Json)]
    #[case("text/html, image/gif, image/jpeg, *; q=.2, */*; q=.2", Format::Json)]
    #[case("", Format::Json)]
    #[case(" ", Format::Json)]
    fn the_header_chooses(#[case] value: &str, #[case] expected: Format) {
        assert_eq!(accept(value).unwrap(), expected);
    }

    #[rstest]
    #[case("text/html")]
    #[case("text/csv;q=0")]
    #[case("*/*;q=0")]
    #[case("text/*;q=0, application/*;q=0, */*")]
    #[case("nonsense")]
    #[case("application/jso")]
    fn nothing_acceptable_is_refused_with_the_list(#[case] value: &str) {
        let error = accept(value).unwrap_err();
        assert_eq!(error.code(), Code::RequestNotAcceptable);
        assert!(error.detail().contains("text/csv") && error.detail().contains("application/json"));
    }

    #[test]
    fn without_a_header_it_is_json() {
        assert_eq!(by_accept(&TestRequest::default().to_http_request()).unwrap(), Format::Json);
    }

    #[test]
    fn an_extension_is_a_format_or_refused_with_the_list() {
        assert_eq!(by_extension("csv").unwrap(), Format::Csv);
        for other in ["CSV", "", "exe", "csv "] {
            let error = by_extension(other).unwrap_err();
            assert_eq!(error.code(), Code::TableUnknownFormat);
            assert!(error.to_string().len() < 200);
        }
    }
}
