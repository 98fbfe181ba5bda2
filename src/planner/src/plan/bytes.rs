//! Plans as bytes, to be kept outside the process and read again.

use std::cell::Cell;

use serde::de::Error as _;
use serde::{Deserialize, Deserializer};

use super::ExecutablePlan;

/// Levels (of selections, lists, shapes and required fields) within each other in a plan that is read, at most. Each
/// costs stack, which hostile bytes could use up; a plan that is deeper is made anew where it is needed.
pub(super) const MAX_NESTING: u32 = 128;

impl ExecutablePlan {
    /// The plan as compact bytes, for [`ExecutablePlan::from_bytes`] of the same [`crate::planner_version`]. `None` if it
    /// is nested so deep (more than 128 levels) that it would not be read.
    pub fn to_bytes(&self) -> Option<Vec<u8>> {
        if self.is_deep() {
            return None;
        }
        postcard::to_allocvec(self).ok()
    }

    /// Reads what [`ExecutablePlan::to_bytes`] wrote. Other bytes give `None`, or a plan that may be nonsense:
    /// [`ExecutablePlan::check_sound`] tells whether it can be run. Whatever the bytes, neither panics, nor needs more
    /// than a bounded stack.
    pub fn from_bytes(bytes: &[u8]) -> Option<ExecutablePlan> {
        let (plan, rest) = postcard::take_from_bytes(bytes).ok()?;
        rest.is_empty().then_some(plan)
    }
}

thread_local! {
    /// How deep the reader is within what is being read: serde's derived readers have no state of their own.
    static NESTING: Cell<u32> = const { Cell::new(0) };
}

/// Counts a level until it is dropped.
struct Level;

impl Level {
    fn enter() -> Option<Level> {
        let nesting = NESTING.get();
        (nesting < MAX_NESTING).then(|| {
            NESTING.set(nesting.saturating_add(1));
            Level
        })
    }
}

impl Drop for Level {
    fn drop(&mut self) {
        NESTING.set(NESTING.get().saturating_sub(1));
    }
}

/// For `deserialize_with` on each field through which a type holds itself.
pub(super) fn nested<'de, D: Deserializer<'de>, T: Deserialize<'de>>(deserializer: D) -> Result<T, D::Error> {
    let _level = Level::enter().ok_or_else(|| D::Error::custom("nested too deep"))?;
    T::deserialize(deserializer)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plan::{
        Leaf, NameId, OperationKind, OutputField, OutputKind, OutputType, Selection, TypeSet, Variant,
    };
    use crate::{Operation, OperationLimits, PlanVariables, Supergraph};
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    const SHOP: &str = include_str!("../../../../tests/fixtures/shop.graphql");

    fn plans() -> Vec<(ExecutablePlan, usize)> {
        let texts = [
            "{ latest { author { name } } __type(name: \"User\") { name } }",
            "query($c: Boolean!) { me @include(if: $c) { name } status }",
            "mutation { rename(name: \"x\") { id } }",
        ];
        let supergraph = Supergraph::parse(SHOP).expect("fixture");
        let plan = |text: &&str| {
            let operation =
                Operation::prepare(&supergraph, text, None, &OperationLimits::default()).expect("valid");
            let plan = supergraph.plan(&operation, &PlanVariables::default(), None).expect("a plan");
            (plan, supergraph.subgraphs().len())
        };
        texts.iter().map(plan).collect()
    }

    /// A plan whose reply has this many lists and objects within each other.
    fn deep(levels: u32) -> ExecutablePlan {
        let mut kind = OutputKind::Leaf(Leaf::Int);
        for level in 0..levels {
            let ty = OutputType { non_null: false, kind };
            kind = if level % 2 == 0 {
                OutputKind::List(Box::new(ty))
            } else {
                let fields = vec![OutputField { key: NameId(0), shown: NameId(0), ty }];
                let variants = vec![Variant { types: TypeSet(Vec::new()), fields }];
                OutputKind::Composite(Box::new(Selection {
                    type_name: NameId(0),
                    is_abstract: false,
                    variants,
                }))
            };
        }
        let fields =
            vec![OutputField { key: NameId(0), shown: NameId(0), ty: OutputType { non_null: false, kind } }];
        ExecutablePlan {
            kind: OperationKind::Query,
            names: vec!["n".to_owned()].into(),
            fetches: Vec::new(),
            projection: Selection {
                type_name: NameId(0),
                is_abstract: false,
                variants: vec![Variant { types: TypeSet(Vec::new()), fields }],
            },
        }
    }

    #[test]
    fn what_is_written_is_read() {
        for (plan, subgraphs) in plans() {
            let bytes = plan.to_bytes().expect("not deep");
            assert_eq!(ExecutablePlan::from_bytes(&bytes).as_ref(), Some(&plan));
            assert!(plan.check_sound(subgraphs));
            assert!(bytes.len() < plan.weight(), "{} bytes of {}", bytes.len(), plan.weight());
        }
    }

    #[test]
    fn nesting_is_bounded() {
        let most = deep(MAX_NESTING);
        assert_eq!(ExecutablePlan::from_bytes(&most.to_bytes().expect("not deep")).as_ref(), Some(&most));
        let over = deep(MAX_NESTING + 1);
        assert!(over.to_bytes().is_none() && !over.check_sound(0));
        let bytes = postcard::to_allocvec(&over).expect("bytes");
        assert!(ExecutablePlan::from_bytes(&bytes).is_none());
        // Lists without end: a tag and a flag for each.
        let head = postcard::to_allocvec(&deep(1)).expect("bytes");
        let mut hostile = head[..head.len() - 2].to_vec();
        hostile.resize(1_000_000, 0);
        assert!(ExecutablePlan::from_bytes(&hostile).is_none());
        // The guard has let go of all levels.
        assert!(ExecutablePlan::from_bytes(&most.to_bytes().expect("not deep")).is_some());
    }

    #[test]
    fn damaged_bytes_are_refused_or_told() {
        let mut sound = 0_usize;
        for (plan, subgraphs) in plans() {
            let bytes = plan.to_bytes().expect("not deep");
            for end in 0..bytes.len() {
                assert!(ExecutablePlan::from_bytes(&bytes[..end]).is_none_or(|it| it != plan));
            }
            for at in 0..bytes.len() {
                for bit in 0..8 {
                    let mut damaged = bytes.clone();
                    damaged[at] ^= 1 << bit;
                    let read = ExecutablePlan::from_bytes(&damaged);
                    assert!(read.as_ref() != Some(&plan), "byte {at} says nothing");
                    sound += usize::from(read.is_some_and(|it| it.check_sound(subgraphs)));
                }
            }
            let mut longer = bytes;
            longer.push(0);
            assert!(ExecutablePlan::from_bytes(&longer).is_none());
        }
        // Other letters in a text are another sound plan; that is for the caller's checksum.
        assert!(sound > 0);
    }
}
