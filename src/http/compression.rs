//! Which content coding an answer gets, by `Accept-Encoding` (RFC 9110, 12.5.3).
//!
//! Never one that was not asked for by name. Among equals Zstandard comes first, then gzip, then Brotli: the first
//! two are written several times as fast, and on tables Brotli at such speeds is hardly smaller.

use actix_web::HttpMessage;
use actix_web::http::header::{
    ACCEPT_ENCODING, AcceptEncoding, ContentEncoding, Encoding, Preference, Quality, QualityItem,
};

use crate::encode::Coding;

/// What was agreed on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Agreed {
    /// The coding that the caller prefers.
    pub coding: Coding,
    /// Whether unpacked bytes would do as well.
    pub plain_allowed: bool,
}

/// The caller refuses unpacked bytes and names no coding that is offered.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("`Accept-Encoding` leaves none of the codings that there are: gzip, br, zstd, identity")]
pub struct NoCoding;

/// By rank; the rank decides between codings of the same quality.
const OFFERED: [Coding; 4] = [Coding::Zstd, Coding::Gzip, Coding::Brotli, Coding::Identity];

/// Reads the request's `Accept-Encoding`. A header that cannot be read counts as none.
pub fn agree(request: &impl HttpMessage) -> Result<Agreed, NoCoding> {
    if !request.headers().contains_key(ACCEPT_ENCODING) {
        return Ok(Agreed { coding: Coding::Identity, plain_allowed: true });
    }
    let accepted = request.get_header::<AcceptEncoding>().map(|header| header.0).unwrap_or_default();
    let quality = |coding| named(&accepted, coding);
    let others = accepted.iter().find(|item| item.item.is_any()).map(|item| item.quality);
    let plain_allowed = quality(Coding::Identity).or(others).is_none_or(|quality| quality > Quality::ZERO);
    let mut best = None;
    for coding in OFFERED {
        let quality = quality(coding).unwrap_or(Quality::ZERO);
        if quality > best.map_or(Quality::ZERO, |(_, quality)| quality) {
            best = Some((coding, quality));
        }
    }
    let coding = match best {
        Some((coding, _)) => coding,
        None if plain_allowed => Coding::Identity,
        // `identity;q=0, *`: anything but unpacked, and everybody reads gzip.
        None if others.is_some_and(|quality| quality > Quality::ZERO) => Coding::Gzip,
        None => return Err(NoCoding),
    };
    Ok(Agreed { coding, plain_allowed })
}

fn named(accepted: &[QualityItem<Preference<Encoding>>], coding: Coding) -> Option<Quality> {
    let known = match coding {
        Coding::Identity => ContentEncoding::Identity,
        Coding::Gzip => ContentEncoding::Gzip,
        Coding::Brotli => ContentEncoding::Brotli,
        Coding::Zstd => ContentEncoding::Zstd,
    };
    let wanted = Preference::Specific(Encoding::Known(known));
    accepted.iter().find(|item| item.item == wanted).map(|item| item.quality)
}

#[cfg(test)]
mod tests {
    use actix_web::test::TestRequest;

    use super::*;

    fn agreed(accepted: &str) -> Result<(Coding, bool), NoCoding> {
        let request = TestRequest::default().insert_header(("accept-encoding", accepted)).to_http_request();
        agree(&request).map(|agreed| (agreed.coding, agreed.plain_allowed))
    }

    #[test]
    fn nothing_is_packed_unasked() {
        assert_eq!(agree(&TestRequest::default().to_http_request()).unwrap().coding, Coding::Identity);
        for accepted in ["", "identity", "*", "deflate", "compress;q=1", "gzip;q=0", "gzip;q=2", ",;="] {
            assert_eq!(agreed(accepted), Ok((Coding::Identity, true)), "{accepted}");
        }
    }

    #[test]
    fn the_best_quality_wins_and_rank_decides_between_equals() {
        for (accepted, coding) in [
            ("gzip", Coding::Gzip),
            ("gzip, deflate", Coding::Gzip),
            ("br", Coding::Brotli),
            ("gzip, deflate, br, zstd", Coding::Zstd),
            ("br, gzip", Coding::Gzip),
            ("gzip;q=0.5, br;q=0.9", Coding::Brotli),
            ("gzip;q=0.5, identity", Coding::Identity),
            ("identity, gzip", Coding::Gzip),
            ("GZIP", Coding::Gzip),
        ] {
            assert_eq!(agreed(accepted), Ok((coding, true)), "{accepted}");
        }
    }

    #[test]
    fn who_refuses_unpacked_bytes_gets_a_coding_or_a_refusal() {
        assert_eq!(agreed("gzip, identity;q=0"), Ok((Coding::Gzip, false)));
        assert_eq!(agreed("gzip, *;q=0"), Ok((Coding::Gzip, false)));
        assert_eq!(agreed("identity, *;q=0"), Ok((Coding::Identity, true)));
        assert_eq!(agreed("identity;q=0, *"), Ok((Coding::Gzip, false)));
        for accepted in ["identity;q=0", "*;q=0", "deflate, identity;q=0"] {
            assert_eq!(agreed(accepted), Err(NoCoding), "{accepted}");
        }
    }
}
