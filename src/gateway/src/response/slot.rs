//! What an answer consists of, twelve bytes each: a request goes through thousands of values, and between two steps of it
//! the processor's caches hold other requests, so that each line of memory counts.

use weir_planner::plan::NameId;

use super::segment::{Class, List, ObjectId, Text, Value};

/// A value, and the key it has in its object; or what an object begins with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Slot {
    /// From the low end: 20 bits of key, 4 of tag, 8 of what [`Text`] has as `key`. Of an object: how many fields follow.
    head: u32,
    a: u32,
    b: u32,
}

/// Ids are smaller than [`NameId::MOST`].
const KEY_BITS: u32 = NameId::MOST.trailing_zeros();
const KEY_MASK: u32 = (1 << KEY_BITS) - 1;

const NULL: u32 = 0;
const MISMATCH: u32 = 1;
const LIST: u32 = 2;
const OBJECT: u32 = 3;
/// And what follows, by class.
const LEAF: u32 = 4;

impl Slot {
    /// A field.
    #[inline(always)]
    pub(crate) fn field(key: NameId, value: Value) -> Slot {
        let (tag, a, b, key_len) = match value {
            Value::Null => (NULL, 0, 0, 0),
            Value::Mismatch => (MISMATCH, 0, 0, 0),
            Value::List(List { first, len }) => (LIST, first, len, 0),
            Value::Object(ObjectId { slot, number }) => (OBJECT, slot, number, 0),
            Value::Leaf(Text { start, end, key, class }) => {
                (LEAF.wrapping_add(class as u32), start, end, u32::from(key))
            }
        };
        let head = (key.0 & KEY_MASK) | tag << KEY_BITS | key_len << (KEY_BITS + 4);
        Slot { head, a, b }
    }

    /// An item of a list.
    #[inline(always)]
    pub(crate) fn item(value: Value) -> Slot {
        Slot::field(NameId(0), value)
    }

    /// What an object of so many fields begins with; `keys` tells of each key by one bit.
    #[inline(always)]
    pub(super) fn object(fields: u32, keys: u64) -> Slot {
        Slot { head: fields, a: keys as u32, b: (keys >> 32) as u32 }
    }

    /// Of what an object begins with: how many fields follow, and their keys.
    #[inline(always)]
    pub(super) fn fields_and_keys(self) -> (usize, u64) {
        (self.head as usize, u64::from(self.a) | u64::from(self.b) << 32)
    }

    /// The key, if it is a field.
    #[inline(always)]
    pub(crate) fn key(self) -> NameId {
        NameId(self.head & KEY_MASK)
    }

    /// The value.
    #[inline(always)]
    pub(crate) fn value(self) -> Value {
        let leaf = |class: Class| {
            let key = (self.head >> (KEY_BITS + 4)) as u8;
            Value::Leaf(Text { start: self.a, end: self.b, key, class })
        };
        // Leaves count on from LEAF as their classes do, so that this is a subtraction.
        match (self.head >> KEY_BITS) & 15 {
            NULL => Value::Null,
            LIST => Value::List(List { first: self.a, len: self.b }),
            OBJECT => Value::Object(ObjectId { slot: self.a, number: self.b }),
            4 => leaf(Class::String),
            5 => leaf(Class::SmallInteger),
            6 => leaf(Class::Number),
            7 => leaf(Class::Boolean),
            8 => leaf(Class::Composite),
            _ => Value::Mismatch,
        }
    }
}

#[cfg(all(test, not(target_arch = "wasm32")))]
mod properties {
    use proptest::prelude::*;

    use super::*;

    fn value() -> impl Strategy<Value = Value> {
        let class = prop_oneof![
            Just(Class::String),
            Just(Class::SmallInteger),
            Just(Class::Number),
            Just(Class::Boolean),
            Just(Class::Composite),
        ];
        let numbers = (any::<u32>(), any::<u32>());
        prop_oneof![
            Just(Value::Null),
            Just(Value::Mismatch),
            numbers.prop_map(|(first, len)| Value::List(List { first, len })),
            numbers.prop_map(|(slot, number)| Value::Object(ObjectId { slot, number })),
            (numbers, any::<u8>(), class).prop_map(|((start, end), key, class)| Value::Leaf(Text {
                start,
                end,
                key,
                class
            })),
        ]
    }

    proptest! {
        #[test]
        fn what_goes_in_comes_out(key in 0..NameId::MOST, value in value()) {
            let key = NameId(u32::try_from(key).unwrap());
            let slot = Slot::field(key, value);
            prop_assert_eq!((slot.key(), slot.value()), (key, value));
            prop_assert_eq!(Slot::item(value).value(), value);
        }

        #[test]
        fn an_object_begins_with_its_keys(fields: u32, keys: u64) {
            prop_assert_eq!(Slot::object(fields, keys).fields_and_keys(), (fields as usize, keys));
        }
    }
}
