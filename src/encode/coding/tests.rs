use std::io::Read;

use futures_util::TryStreamExt;

use super::*;

const PACKED: [Coding; 3] = [Coding::Gzip, Coding::Brotli, Coding::Zstd];

fn unpack(coding: Coding, packed: &[u8]) -> io::Result<Vec<u8>> {
    let mut plain = Vec::new();
    match coding {
        Coding::Identity => plain.extend_from_slice(packed),
        Coding::Gzip => drop(flate2::read::GzDecoder::new(packed).read_to_end(&mut plain)?),
        Coding::Brotli => drop(brotli::Decompressor::new(packed, 4096).read_to_end(&mut plain)?),
        Coding::Zstd => drop(zstd::stream::read::Decoder::new(packed)?.read_to_end(&mut plain)?),
    }
    Ok(plain)
}

fn chunks() -> Vec<Bytes> {
    (0..40)
        .map(|index| Bytes::from(format!("{index},some text that repeats itself,12.0\r\n").repeat(index * 30)))
        .collect()
}

#[tokio::test]
async fn every_coding_gives_the_bytes_back_and_the_same_packed_bytes_every_time() {
    let workers = Workers::start(2).unwrap();
    for coding in PACKED.into_iter().chain([Coding::Identity]) {
        let mut packed = Vec::new();
        for _ in 0..2 {
            let source = stream::iter(chunks().into_iter().map(Ok::<_, String>));
            let pieces: Vec<Bytes> = compress(source, coding, &workers).try_collect().await.unwrap();
            assert!(pieces.iter().all(|piece| !piece.is_empty()));
            packed.push(pieces.concat());
        }
        assert_eq!(packed[0], packed[1], "{coding:?}");
        assert_eq!(unpack(coding, &packed[0]).unwrap(), chunks().concat(), "{coding:?}");
        assert!(coding == Coding::Identity || packed[0].len() * 10 < chunks().concat().len(), "{coding:?}");
    }
}

#[tokio::test]
async fn what_was_written_so_far_can_be_read_while_the_source_rests() {
    let workers = Workers::start(1).unwrap();
    let text = Bytes::from("0123456789abcdef".repeat(FLUSH_AFTER / 16));
    for coding in PACKED {
        let source = stream::iter([Ok::<_, String>(text.clone())]).chain(stream::pending());
        let packed = Box::pin(compress(source, coding, &workers)).next().await.unwrap().unwrap();
        let mut plain = vec![0; text.len()];
        let mut reader: Box<dyn Read> = match coding {
            Coding::Brotli => Box::new(brotli::Decompressor::new(&packed[..], 4096)),
            Coding::Zstd => Box::new(zstd::stream::read::Decoder::new(&packed[..]).unwrap()),
            _ => Box::new(flate2::read::GzDecoder::new(&packed[..])),
        };
        reader.read_exact(&mut plain).unwrap();
        assert_eq!(plain, text, "{coding:?}");
    }
}

#[tokio::test]
async fn a_broken_source_leaves_the_packed_bytes_without_their_end() {
    let workers = Workers::start(1).unwrap();
    for coding in PACKED {
        let source = stream::iter(chunks().into_iter().map(Ok).chain([Err("gone".to_owned())]));
        let mut pieces: Vec<_> = compress(source, coding, &workers).collect().await;
        assert!(matches!(pieces.pop(), Some(Err(StreamError::Source(said))) if said == "gone"));
        let packed: Vec<u8> = pieces.into_iter().flat_map(|piece| piece.unwrap().to_vec()).collect();
        assert!(unpack(coding, &packed).is_err(), "{coding:?} reads as whole");
    }
}
