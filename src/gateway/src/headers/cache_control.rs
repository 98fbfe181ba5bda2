//! `Cache-Control` of several answers as one: what allows a cache least (RFC 9111 §5.2.2).

/// What the answers so far allow together.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct CacheControl {
    no_store: bool,
    no_cache: bool,
    private: bool,
    public: bool,
    must_revalidate: bool,
    proxy_revalidate: bool,
    no_transform: bool,
    immutable: bool,
    /// Seconds; `None` where no answer says.
    max_age: Option<u64>,
    s_maxage: Option<u64>,
    stale_while_revalidate: Option<u64>,
    stale_if_error: Option<u64>,
}

impl CacheControl {
    /// What an answer without the header allows: nothing, for nobody has said that it may be kept.
    pub(super) fn no_store() -> CacheControl {
        CacheControl { no_store: true, ..CacheControl::nothing_said() }
    }

    fn nothing_said() -> CacheControl {
        CacheControl {
            no_store: false,
            no_cache: false,
            private: false,
            public: false,
            must_revalidate: false,
            proxy_revalidate: false,
            no_transform: false,
            immutable: false,
            max_age: None,
            s_maxage: None,
            stale_while_revalidate: None,
            stale_if_error: None,
        }
    }

    /// Reads the values of an answer's header; `age` is how old the answer was by its `Age` header, in seconds.
    /// Directives that are not known are left out; a lifetime that is no number counts as none left.
    pub(super) fn parse<'a>(values: impl Iterator<Item = &'a [u8]>, age: u64) -> CacheControl {
        let mut found = CacheControl::nothing_said();
        for value in values {
            for directive in String::from_utf8_lossy(value).split(',') {
                let (name, argument) = directive.split_once('=').unwrap_or((directive, ""));
                let seconds = || argument.trim().trim_matches('"').parse::<u64>().unwrap_or(0);
                match name.trim().to_ascii_lowercase().as_str() {
                    "no-store" => found.no_store = true,
                    // With fields (`no-cache="set-cookie"`) they mean less; the whole is the strict reading.
                    "no-cache" => found.no_cache = true,
                    "private" => found.private = true,
                    "public" => found.public = true,
                    "must-revalidate" => found.must_revalidate = true,
                    "proxy-revalidate" => found.proxy_revalidate = true,
                    "no-transform" => found.no_transform = true,
                    "immutable" => found.immutable = true,
                    "max-age" => found.max_age = Some(seconds().saturating_sub(age)),
                    "s-maxage" => found.s_maxage = Some(seconds().saturating_sub(age)),
                    "stale-while-revalidate" => found.stale_while_revalidate = Some(seconds()),
                    "stale-if-error" => found.stale_if_error = Some(seconds()),
                    _ => {}
                }
            }
        }
        found
    }

    /// What both allow.
    #[must_use]
    pub(super) fn and(self, other: CacheControl) -> CacheControl {
        let shared = match (self.s_maxage, other.s_maxage) {
            (None, None) => None,
            // For a shared cache an answer without it lives as long as for others.
            _ => self.shared_lifetime().min(other.shared_lifetime()),
        };
        let both = |a: Option<u64>, b: Option<u64>| a.zip(b).map(|(a, b)| a.min(b));
        CacheControl {
            no_store: self.no_store || other.no_store,
            no_cache: self.no_cache || other.no_cache,
            private: self.private || other.private,
            public: self.public && other.public,
            must_revalidate: self.must_revalidate || other.must_revalidate,
            proxy_revalidate: self.proxy_revalidate || other.proxy_revalidate,
            no_transform: self.no_transform || other.no_transform,
            immutable: self.immutable && other.immutable,
            max_age: match (self.max_age, other.max_age) {
                (None, None) => None,
                // One that names no lifetime is not known to live any longer.
                (a, b) => Some(a.unwrap_or(0).min(b.unwrap_or(0))),
            },
            s_maxage: shared,
            stale_while_revalidate: both(self.stale_while_revalidate, other.stale_while_revalidate),
            stale_if_error: both(self.stale_if_error, other.stale_if_error),
        }
    }

    fn shared_lifetime(&self) -> Option<u64> {
        Some(self.s_maxage.or(self.max_age).unwrap_or(0))
    }

    /// Whether a cache may keep the answer.
    pub(super) fn may_store(&self) -> bool {
        !self.no_store
    }

    /// The header's value; `None` if nothing was said that is still to be said.
    pub(super) fn value(&self) -> Option<String> {
        if self.no_store {
            return Some("no-store".to_owned());
        }
        let mut parts: Vec<String> = Vec::new();
        let flags = [
            (self.private, "private"),
            (self.public && !self.private, "public"),
            (self.no_cache, "no-cache"),
            (self.must_revalidate, "must-revalidate"),
            (self.proxy_revalidate && !self.private, "proxy-revalidate"),
            (self.no_transform, "no-transform"),
            (self.immutable, "immutable"),
        ];
        let ages = [
            (self.max_age, "max-age"),
            (self.s_maxage.filter(|_| !self.private), "s-maxage"),
            (self.stale_while_revalidate, "stale-while-revalidate"),
            (self.stale_if_error, "stale-if-error"),
        ];
        parts.extend(ages.iter().filter_map(|(age, name)| age.map(|age| format!("{name}={age}"))));
        parts.extend(flags.iter().filter(|(set, _)| *set).map(|(_, name)| (*name).to_owned()));
        (!parts.is_empty()).then(|| parts.join(", "))
    }
}

#[cfg(test)]
mod tests {
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    use super::*;

    fn parse(value: &str) -> CacheControl {
        CacheControl::parse([value.as_bytes()].into_iter(), 0)
    }

    /// Merged in both orders, which must not matter.
    #[track_caller]
    fn merged(a: &str, b: &str) -> String {
        let value = parse(a).and(parse(b)).value();
        assert_eq!(value, parse(b).and(parse(a)).value());
        value.unwrap_or_default()
    }

    #[test]
    fn the_least_lifetime_and_every_prohibition() {
        assert_eq!(merged("max-age=60", "max-age=5"), "max-age=5");
        assert_eq!(merged("public, max-age=60", "private, max-age=600"), "max-age=60, private");
        assert_eq!(merged("public, max-age=60", "public, max-age=60"), "max-age=60, public");
        assert_eq!(merged("max-age=60", "no-store"), "no-store");
        assert_eq!(merged("max-age=60", "no-cache"), "max-age=0, no-cache");
        assert_eq!(
            merged("max-age=60, immutable", "max-age=60, must-revalidate"),
            "max-age=60, must-revalidate"
        );
        assert_eq!(
            merged("max-age=9, stale-if-error=8", "max-age=9, stale-if-error=7"),
            "max-age=9, stale-if-error=7"
        );
        assert_eq!(merged("max-age=9, stale-if-error=8", "max-age=9"), "max-age=9");
    }

    #[test]
    fn shared_caches_have_their_own_lifetime() {
        assert_eq!(merged("max-age=10, s-maxage=100", "max-age=50"), "max-age=10, s-maxage=50");
        assert_eq!(merged("max-age=10, s-maxage=100", "max-age=50, private"), "max-age=10, private");
    }

    #[test]
    fn what_cannot_be_read_allows_nothing_more() {
        assert_eq!(parse("MAX-AGE=\"30\", x=y").value().as_deref(), Some("max-age=30"));
        assert_eq!(parse("max-age=soon").value().as_deref(), Some("max-age=0"));
        assert_eq!(parse("no-cache=\"set-cookie, x\"").value().as_deref(), Some("no-cache"));
        assert_eq!(parse("").value(), None);
        assert_eq!(
            CacheControl::parse([b"max-age=30".as_slice()].into_iter(), 20).value().as_deref(),
            Some("max-age=10")
        );
    }
}
