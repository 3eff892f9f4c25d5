//! Specs that several parts of a program hold, and what one of them has built, for all.

use std::fmt;
use std::hash::{Hash, Hasher};
use std::sync::{Arc, OnceLock};

use rustc_hash::FxHasher;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::error::BuildError;
use crate::limits::Limits;
use crate::pattern::{Pattern, build};
use crate::spec::Spec;

/// A [`Spec`] that is cheap to clone and whose pattern is built once, when someone asks for it.
///
/// It is compared, hashed and written down as the spec alone, so that it can be the key of a cache: equal ones are
/// found without comparing their contents where they are clones of each other.
#[derive(Clone)]
pub struct SharedSpec {
    inner: Arc<Inner>,
}

struct Inner {
    spec: Spec,
    has_holes: bool,
    hash: OnceLock<u64>,
    /// Of a spec without holes: what was built first, and the limits that it was built with.
    built: OnceLock<(Limits, Result<Pattern, BuildError>)>,
    /// What stands before the stops, where there are any.
    value: OnceLock<SharedSpec>,
}

impl SharedSpec {
    /// A spec that nothing was built from yet.
    pub fn new(spec: Spec) -> SharedSpec {
        let has_holes = !spec.holes().is_empty();
        let (hash, built, value) = (OnceLock::new(), OnceLock::new(), OnceLock::new());
        SharedSpec { inner: Arc::new(Inner { spec, has_holes, hash, built, value }) }
    }

    /// The spec itself.
    pub fn spec(&self) -> &Spec {
        &self.inner.spec
    }

    /// Whether a run-time value decides what may be written or where it stops.
    pub fn has_holes(&self) -> bool {
        self.inner.has_holes
    }

    /// What may be written before a stop: the spec itself where it has no stops.
    pub fn value(&self) -> SharedSpec {
        match &self.inner.spec {
            Spec::Until { value, .. } => {
                self.inner.value.get_or_init(|| SharedSpec::new((**value).clone())).clone()
            }
            _ => self.clone(),
        }
    }

    /// The pattern of the spec: of one without holes the one that was built before, if the limits are the same.
    ///
    /// # Errors
    /// Those of [`build`], which are kept, too.
    pub fn build(&self, bindings: &[Vec<String>], limits: &Limits) -> Result<Pattern, BuildError> {
        let fresh = || build(&self.inner.spec, bindings, limits);
        if self.inner.has_holes {
            return fresh();
        }
        let (used, built) = self.inner.built.get_or_init(|| (limits.clone(), fresh()));
        if used == limits { built.clone() } else { fresh() }
    }

    fn content_hash(&self) -> u64 {
        *self.inner.hash.get_or_init(|| {
            let mut hasher = FxHasher::default();
            // A spec can always be written as JSON; were it not so, only more of them would have to be compared.
            hasher.write(&serde_json::to_vec(&self.inner.spec).unwrap_or_default());
            hasher.finish()
        })
    }
}

impl From<Spec> for SharedSpec {
    fn from(spec: Spec) -> SharedSpec {
        SharedSpec::new(spec)
    }
}

impl PartialEq for SharedSpec {
    fn eq(&self, other: &SharedSpec) -> bool {
        Arc::ptr_eq(&self.inner, &other.inner)
            || (self.content_hash() == other.content_hash() && self.spec() == other.spec())
    }
}

// No spec holds a number that differs from itself: JSON has none, and the compiler refuses them.
impl Eq for SharedSpec {}

impl Hash for SharedSpec {
    fn hash<H: Hasher>(&self, state: &mut H) {
        state.write_u64(self.content_hash());
    }
}

impl fmt::Debug for SharedSpec {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.spec().fmt(f)
    }
}

impl Serialize for SharedSpec {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.spec().serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for SharedSpec {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<SharedSpec, D::Error> {
        Spec::deserialize(deserializer).map(SharedSpec::new)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;
    use crate::spec::Stop;

    fn regex(pattern: &str) -> Spec {
        Spec::Regex { pattern: pattern.to_owned() }
    }

    fn until(value: Spec, stop: Stop) -> SharedSpec {
        SharedSpec::new(Spec::Until { value: Box::new(value), stops: vec![stop] })
    }

    fn same(a: &Pattern, b: &Pattern) -> bool {
        std::ptr::eq(a.shortest(), b.shortest())
    }

    #[test]
    fn threads_can_share_one() {
        fn shared<T: Send + Sync>() {}
        shared::<SharedSpec>();
    }

    #[test]
    fn clones_share_one_pattern() {
        let (spec, limits) = (SharedSpec::new(regex("[a-z]+")), Limits::default());
        let first = spec.clone().build(&[], &limits).expect("a pattern");
        let second = spec.build(&[], &limits).expect("a pattern");
        assert!(same(&first, &second));
        let other = Limits { states: 7, ..limits };
        assert!(!same(&first, &spec.build(&[], &other).expect("a pattern")));
    }

    #[test]
    fn errors_are_kept() {
        let (spec, limits) = (SharedSpec::new(regex("(")), Limits::default());
        let first = spec.build(&[], &limits).expect_err("it is not valid");
        assert_eq!(spec.build(&[], &limits).expect_err("it is not valid"), first);
    }

    #[test]
    fn what_stands_before_stops_is_shared_too() {
        let limits = Limits::default();
        let spec = until(regex("[a-z]+"), Stop::Text { text: ".".to_owned() });
        let (one, two) = (spec.value(), spec.clone().value());
        let patterns = (one.build(&[], &limits), two.build(&[], &limits));
        assert!(same(&patterns.0.expect("a pattern"), &patterns.1.expect("a pattern")));
        assert_eq!(one, SharedSpec::new(regex("[a-z]+")));
        assert_eq!(one.value(), one);
    }

    #[test]
    fn values_of_holes_are_built_each_for_itself() {
        let (spec, limits) = (SharedSpec::new(Spec::OneOf { hole: 0 }), Limits::default());
        assert!(spec.has_holes());
        let of = |text: &str| spec.build(&[vec![text.to_owned()]], &limits).expect("a pattern");
        assert!(of("a").is_match(b"a") && of("b").is_match(b"b") && !of("a").is_match(b"b"));
        assert!(until(Spec::Bool, Stop::Hole { hole: 0 }).has_holes());
    }

    #[test]
    fn equal_specs_are_one_key() {
        let different =
            |specs: Vec<Spec>| specs.into_iter().map(SharedSpec::new).collect::<HashSet<_>>().len();
        assert_eq!(different(vec![Spec::Bool, Spec::Bool, regex("a"), regex("a")]), 2);
        assert_eq!(different(vec![Spec::Bool, Spec::Json, regex("a"), regex("b")]), 4);
        let json = serde_json::to_string(&SharedSpec::new(regex("a"))).expect("it is JSON");
        assert_eq!(json, r#"{"kind":"regex","pattern":"a"}"#);
        assert_eq!(serde_json::from_str::<SharedSpec>(&json).expect("a spec"), SharedSpec::new(regex("a")));
    }
}
