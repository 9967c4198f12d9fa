//! Values as the bytes of an item, and back.
//!
//! An item begins with a line of text, `gateprobe 1 json` or `gateprobe 1 gzip`: the format of what follows, and how it
//! is packed. What follows is JSON.

use std::io::{Read, Write};

use flate2::Compression;
use flate2::read::GzDecoder;
use flate2::write::GzEncoder;
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::discover::said::one_line;

/// No item is larger, so that DynamoDB's 400 KB are far away: 350 KB.
pub const LARGEST: usize = 350 * 1024;

/// What is smaller is not worth compressing.
const SMALL: usize = 1024;

/// No item is unpacked beyond this: what a few bytes claim to be does not fill the memory.
const UNPACKED: u64 = 64 * 1024 * 1024;

/// A value that no item can hold.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SealError {
    /// It is too large even compressed.
    #[error(
        "the item {key} would have {size} bytes, compressed, and {LARGEST} is the most that is written: watch less in one stack, with `apis` and `stages`"
    )]
    TooLarge {
        /// Its key.
        key: String,
        /// Its size in bytes.
        size: usize,
    },
    /// It is no JSON: a mistake in Gateprobe.
    #[error("the item {key} could not be made ({detail}): report this")]
    Shape {
        /// Its key.
        key: String,
        /// What is wrong.
        detail: String,
    },
}

/// An item that cannot be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum OpenError {
    /// A newer Gateprobe wrote it.
    #[error(
        "the item {key} was written by a newer Gateprobe (format {found}, this one knows {newest}): update this one, or give it another table or file"
    )]
    Newer {
        /// Its key.
        key: String,
        /// Its format.
        found: u32,
        /// The newest that is known.
        newest: u32,
    },
    /// It is damaged.
    #[error("the item {key} is damaged ({detail}): remove it, and what it held is learnt again")]
    Damaged {
        /// Its key.
        key: String,
        /// What is wrong.
        detail: String,
    },
}

/// A value as an item's bytes, in a format of that number.
///
/// # Errors
/// [`SealError`], where it is larger than [`LARGEST`].
pub fn seal<T: Serialize + ?Sized>(key: &str, format: u32, value: &T) -> Result<Vec<u8>, SealError> {
    let bytes = seal_any(key, format, value)?;
    if bytes.len() > LARGEST {
        return Err(SealError::TooLarge { key: key.to_owned(), size: bytes.len() });
    }
    Ok(bytes)
}

/// The same however large it is.
pub(super) fn seal_any<T: Serialize + ?Sized>(key: &str, format: u32, value: &T) -> Result<Vec<u8>, SealError> {
    let shape = |detail: String| SealError::Shape { key: key.to_owned(), detail: one_line(&detail) };
    let json = serde_json::to_vec(value).map_err(|error| shape(error.to_string()))?;
    let packing = if json.len() > SMALL { "gzip" } else { "json" };
    let mut bytes = format!("gateprobe {format} {packing}\n").into_bytes();
    if json.len() > SMALL {
        let mut encoder = GzEncoder::new(bytes, Compression::default());
        encoder.write_all(&json).map_err(|error| shape(error.to_string()))?;
        bytes = encoder.finish().map_err(|error| shape(error.to_string()))?;
    } else {
        bytes.extend(json);
    }
    Ok(bytes)
}

/// A value from an item's bytes, if its format is `newest` or older.
///
/// # Errors
/// [`OpenError`], for a newer format and for what is no item of this kind.
pub fn open<T: DeserializeOwned>(key: &str, bytes: &[u8], newest: u32) -> Result<T, OpenError> {
    let damaged = |detail: String| OpenError::Damaged { key: key.to_owned(), detail: one_line(&detail) };
    let no_item = || damaged("it does not begin as an item of Gateprobe's does".to_owned());
    // "gateprobe 4294967295 gzip" has 25 characters.
    let head = bytes.get(..bytes.len().min(32)).unwrap_or_default();
    let end = head.iter().position(|byte| *byte == b'\n').ok_or_else(no_item)?;
    let line = std::str::from_utf8(&head[..end]).map_err(|_| no_item())?;
    let (format, packing) =
        line.strip_prefix("gateprobe ").and_then(|rest| rest.split_once(' ')).ok_or_else(no_item)?;
    let found: u32 = format.parse().map_err(|_| no_item())?;
    // Before anything else: a newer one may be packed in a way that is not known here.
    if found > newest {
        return Err(OpenError::Newer { key: key.to_owned(), found, newest });
    }
    let content = &bytes[end + 1..];
    let parsed = match packing {
        "json" => serde_json::from_slice(content),
        "gzip" => {
            let mut json = Vec::new();
            let mut unpacked = GzDecoder::new(content).take(UNPACKED + 1);
            unpacked.read_to_end(&mut json).map_err(|error| damaged(error.to_string()))?;
            if json.len() as u64 > UNPACKED {
                return Err(damaged(format!("it has more than {UNPACKED} bytes when it is unpacked")));
            }
            serde_json::from_slice(&json)
        }
        _ => return Err(no_item()),
    };
    parsed.map_err(|error| damaged(error.to_string()))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use proptest::prelude::*;
    use serde::Deserialize;

    use super::*;

    #[test]
    fn small_values_stay_readable_and_large_ones_are_compressed() {
        assert_eq!(seal("k", 1, "a").unwrap(), b"gateprobe 1 json\n\"a\"");
        let long = "a".repeat(100_000);
        let sealed = seal("k", 7, &long).unwrap();
        assert!(sealed.starts_with(b"gateprobe 7 gzip\n") && sealed.len() < 500, "{}", sealed.len());
        assert_eq!(open::<String>("k", &sealed, 7), Ok(long));
    }

    #[test]
    fn an_older_format_is_read_and_a_newer_one_refused() {
        #[derive(Debug, PartialEq, Deserialize)]
        struct Now {
            old: u8,
            #[serde(default)]
            new: Option<u8>,
        }
        let old = seal("k", 1, &BTreeMap::from([("old", 5)])).unwrap();
        assert_eq!(open("k", &old, 3), Ok(Now { old: 5, new: None }));
        // Whatever else a newer one is.
        for newer in ["gateprobe 4 json\n{}", "gateprobe 4 zstd\n\u{1}"] {
            let error = open::<Now>("ledger", newer.as_bytes(), 3).unwrap_err();
            assert_eq!(error, OpenError::Newer { key: "ledger".to_owned(), found: 4, newest: 3 });
            assert_eq!(
                error.to_string(),
                "the item ledger was written by a newer Gateprobe (format 4, this one knows 3): update this one, or \
                 give it another table or file"
            );
        }
    }

    #[test]
    fn what_is_no_item_is_damaged_and_says_which() {
        let sealed = seal("k", 1, &vec![0; 10_000]).unwrap();
        let mut flipped = sealed.clone();
        let last = flipped.len() - 6;
        flipped[last] ^= 0x40;
        let cut = &sealed[..sealed.len() / 2];
        let cases: [&[u8]; 9] = [
            b"",
            b"{}",
            b"gateprobe",
            b"gateprobe 1 json",
            b"gateprobe 1 json\n{",
            b"gateprobe x json\n0",
            b"gateprobe 1 zstd\n0",
            cut,
            &flipped,
        ];
        for case in cases {
            let error = open::<Vec<u8>>("stage#a#b", case, 1).unwrap_err();
            assert!(matches!(error, OpenError::Damaged { .. }), "{error}");
            let said = error.to_string();
            assert!(said.starts_with("the item stage#a#b is damaged (") && !said.contains('\n'), "{said}");
        }
    }

    #[test]
    fn what_is_too_large_is_refused_with_its_size() {
        // Digits of a simple generator: hardly to be compressed.
        let mut state = 1_u64;
        let noise: Vec<u64> = std::iter::repeat_with(|| {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            state >> 8
        })
        .take(60_000)
        .collect();
        let Err(SealError::TooLarge { key, size }) = seal("ledger", 1, &noise) else { panic!("it was taken") };
        assert!(key == "ledger" && size > LARGEST, "{size}");
        assert_eq!(seal_any("ledger", 1, &noise).unwrap().len(), size);
        assert!(seal("ledger", 1, &noise[..30_000]).unwrap().len() <= LARGEST);
    }

    #[test]
    fn what_unpacks_without_end_is_cut_off() {
        let mut bomb = GzEncoder::new(b"gateprobe 1 gzip\n\"".to_vec(), Compression::best());
        let mut plain = vec![b'"'];
        plain.resize(1024 * 1024, b'a');
        for _ in 0..65 {
            bomb.write_all(&plain).unwrap();
            plain[0] = b'a';
        }
        let mut bomb = bomb.finish().unwrap();
        // The quote before the compressed part was only there to have the header written.
        bomb.remove("gateprobe 1 gzip\n".len());
        assert!(bomb.len() < LARGEST);
        let error = open::<String>("k", &bomb, 1).unwrap_err().to_string();
        assert!(error.contains("more than 67108864 bytes when it is unpacked"), "{error}");
    }

    proptest! {
        #[test]
        fn no_bytes_do_any_harm(head in "(gateprobe [0-9]{1,12} (json|gzip)\n)?", bytes in any::<Vec<u8>>()) {
            let all = [head.as_bytes(), &bytes].concat();
            let _ = open::<serde_json::Value>("k", &all, 1);
        }

        #[test]
        fn what_is_sealed_opens(value in any::<Vec<String>>(), format in 1..9_u32) {
            let sealed = seal("k", format, &value).unwrap();
            prop_assert_eq!(open::<Vec<String>>("k", &sealed, format).unwrap(), value);
        }
    }
}
