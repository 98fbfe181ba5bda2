//! What a plan depends on beside the operation.

use xxhash_rust::xxh3::Xxh3;

use crate::supergraph::Supergraph;

/// A number that changes whenever the code that plans does: a hash of this crate's sources and of the versions of
/// the planning library.
pub fn planner_version() -> u64 {
    // Written by the build script, so it is a number.
    const VERSION: u64 = match u64::from_str_radix(env!("WEIR_PLANNER_VERSION"), 16) {
        Ok(version) => version,
        Err(_) => 0,
    };
    VERSION
}

impl Supergraph {
    /// A hash of all that plans depend on beside the operation: the supergraph, the planner, and the active labels
    /// in any order. Plans may be exchanged between processes of the same environment.
    pub fn environment(&self) -> u64 {
        let mut labels: Vec<&str> = self.active_labels().iter().map(String::as_str).collect();
        labels.sort_unstable();
        labels.dedup();
        let mut hasher = Xxh3::new();
        hasher.update(&self.hash().to_le_bytes());
        hasher.update(&planner_version().to_le_bytes());
        hasher.update(&[u8::from(self.is_without_library())]);
        for label in labels {
            hasher.update(&(label.len() as u64).to_le_bytes());
            hasher.update(label.as_bytes());
        }
        hasher.digest()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    const SHOP: &str = include_str!("../../../tests/fixtures/shop.graphql");

    fn environment(sdl: &str, labels: &[&str]) -> u64 {
        let labels = labels.iter().map(|label| (*label).to_owned()).collect();
        Supergraph::parse(sdl).expect("fixture").with_active_labels(labels).environment()
    }

    #[test]
    fn it_changes_with_all_that_changes_plans() {
        assert_ne!(planner_version(), 0);
        let plain = environment(SHOP, &[]);
        assert_eq!(plain, environment(SHOP, &[]));
        assert_ne!(plain, environment(&format!("{SHOP}\n"), &[]));
        assert_ne!(plain, environment(SHOP, &["a"]));
        assert_ne!(environment(SHOP, &["a", "b"]), environment(SHOP, &["ab"]));
        assert_eq!(environment(SHOP, &["a", "b"]), environment(SHOP, &["b", "a", "b"]));
        assert_ne!(plain, Supergraph::parse(SHOP).expect("fixture").without_library().environment());
    }
}
