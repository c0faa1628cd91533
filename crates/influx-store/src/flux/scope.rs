//! The names that are visible at a place of a script.
//!
//! A scope never changes: a definition makes a new one that leads back to the old one, so that a function keeps
//! seeing exactly what stood before it. Flux has no recursion and no reassignment, so nothing more is needed.

use std::sync::Arc;

use super::value::Value;

#[derive(Debug, Clone, Default)]
pub(crate) struct Scope(Option<Arc<Binding>>);

#[derive(Debug)]
struct Binding {
    name: Arc<str>,
    value: Value,
    depth: u16,
    next: Scope,
}

impl Scope {
    /// This scope and one more name, which hides an older one of that name.
    #[must_use]
    pub(crate) fn with(&self, name: impl Into<Arc<str>>, value: Value) -> Self {
        let depth = value.depth().max(self.depth());
        Self(Some(Arc::new(Binding { name: name.into(), value, depth, next: self.clone() })))
    }

    pub(crate) fn get(&self, name: &str) -> Option<&Value> {
        let mut scope = self;
        while let Some(binding) = &scope.0 {
            if *binding.name == *name {
                return Some(&binding.value);
            }
            scope = &binding.next;
        }
        None
    }

    /// How deeply the values in it nest.
    pub(crate) fn depth(&self) -> u16 {
        self.0.as_ref().map_or(0, |binding| binding.depth)
    }
}

impl Drop for Binding {
    /// Step by step: a script may define as many names as its text has room for, too many for recursion.
    fn drop(&mut self) {
        let mut next = self.next.0.take();
        while let Some(binding) = next {
            match Arc::try_unwrap(binding) {
                Ok(mut binding) => next = binding.next.0.take(),
                Err(_) => break,
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_newer_name_hides_an_older_one_and_old_scopes_stay() {
        let old = Scope::default().with("a", Value::Int(1));
        let new = old.with("a", Value::Int(2));
        assert!(matches!(old.get("a"), Some(Value::Int(1))));
        assert!(matches!(new.get("a"), Some(Value::Int(2))));
        assert!(new.get("b").is_none());
    }

    #[test]
    fn a_million_names_drop_without_recursion() {
        let mut scope = Scope::default();
        for _ in 0..1_000_000 {
            scope = scope.with("a", Value::Null);
        }
        drop(scope);
    }
}
