//! What is written comes back, and nothing else passes for an entry.

#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

use super::*;

const ENTRY: Entry<'_> = Entry {
    environment: 7 << 100,
    key: Key(u128::MAX - 3),
    created: Duration::from_millis(1_790_000_000_123),
    planning: Duration::from_micros(870),
    text: "query($v0:Int){a(b:$v0)}",
    variant: "v1=true",
    payload: &[0, 1, 2, 255, 254],
};

fn wanted() -> Wanted {
    Wanted {
        key: ENTRY.key,
        environment: ENTRY.environment,
        text: ENTRY.text.into(),
        variant: ENTRY.variant.into(),
    }
}

#[test]
fn comes_back_as_it_was_written() {
    let bytes = ENTRY.encode();
    assert_eq!(Entry::decode(&bytes), Ok(ENTRY));
    let found = wanted().open(bytes.clone()).unwrap();
    assert_eq!(found.payload(), ENTRY.payload);
    assert_eq!((found.created, found.planning), (ENTRY.created, ENTRY.planning));
    assert_eq!(found.into_entry(), bytes);
}

#[test]
fn an_empty_payload_is_a_payload() {
    let entry = Entry { payload: &[], text: "", variant: "", ..ENTRY };
    assert_eq!(Entry::decode(&entry.encode()), Ok(entry));
}

#[test]
fn no_flipped_bit_and_no_cut_passes() {
    let bytes = ENTRY.encode();
    for at in 0..bytes.len() {
        assert_eq!(Entry::decode(&bytes[..at]), Err(Corrupt::Damaged), "cut at {at}");
        for bit in 0..8 {
            let mut bytes = bytes.clone();
            bytes[at] ^= 1 << bit;
            assert_eq!(Entry::decode(&bytes), Err(Corrupt::Damaged), "bit {bit} of byte {at}");
        }
    }
    let longer = [&bytes[..], &[0]].concat();
    assert_eq!(Entry::decode(&longer), Err(Corrupt::Damaged));
}

#[test]
fn other_versions_are_told_from_damage() {
    let newer = sealed::seal(MAGIC, FORMAT + 1, &ENTRY, ENTRY.payload);
    assert_eq!(Entry::decode(&newer), Err(Corrupt::Newer(FORMAT + 1)));
    let older = sealed::seal(MAGIC, FORMAT - 1, &ENTRY, ENTRY.payload);
    assert_eq!(Entry::decode(&older), Err(Corrupt::Older(FORMAT - 1)));
}

#[test]
fn a_hit_is_proved_by_all_four() {
    let bytes = ENTRY.encode();
    let others = [
        Wanted { key: Key(1), ..wanted() },
        Wanted { environment: 8, ..wanted() },
        Wanted { text: "{a}".into(), ..wanted() },
        Wanted { variant: "".into(), ..wanted() },
    ];
    for other in others {
        assert_eq!(other.open(bytes.clone()), Err(Unfit::Foreign), "{other:?}");
    }
}

#[cfg(not(target_arch = "wasm32"))]
proptest::proptest! {
    #[test]
    fn any_bytes_are_read_without_a_panic(bytes: Vec<u8>) {
        proptest::prop_assert!(Entry::decode(&bytes).is_err());
    }

    /// Behind a valid seal, so that the reading of the body itself is reached.
    #[test]
    fn any_sealed_body_is_read_without_a_panic(body: Vec<u8>) {
        let sealed = sealed::seal(MAGIC, FORMAT, &(), &body);
        if let Ok(entry) = Entry::decode(&sealed) {
            // Numbers have longer spellings than the one we write, so bytes may differ where the meaning doesn't.
            let again = entry.encode();
            proptest::prop_assert_eq!(Entry::decode(&again), Ok(entry));
        }
    }

    #[test]
    fn any_entry_comes_back(environment: u128, key: u128, created: u64, text: String, variant: String, payload: Vec<u8>) {
        let entry = Entry {
            environment,
            key: Key(key),
            created: Duration::from_millis(created),
            planning: Duration::from_nanos(created),
            text: &text,
            variant: &variant,
            payload: &payload,
        };
        let again = entry.encode();
        proptest::prop_assert_eq!(Entry::decode(&again), Ok(entry));
    }
}
