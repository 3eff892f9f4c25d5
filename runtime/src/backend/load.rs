//! Loading several models, each once, as back ends on this thread.
//!
//! A loader lends its model only while a closure runs, so models are loaded by nesting. Programs may have
//! several names for one model; where loaders say that they load the same ([`Load::key`]), the names share
//! it, its memory and everything it has read.

use super::{Backends, LocalModel};
use crate::disk::Disk;
use crate::limits::Limits;
use crate::model::{Load, Model, ModelError};

/// A loader, and the name that programs give its model.
pub type Named = (String, Box<dyn Load>);

/// Loads models and calls `body` once with them; an error means that it was not called. `main` is the
/// model that runs use unless they say otherwise. `others` says what further ones there are when `main` is loaded, or
/// that nobody wants them any more; of several with one name the first counts. On `disk` the beginnings of contexts are kept.
pub fn load_all(
    main: Box<dyn Load>,
    others: &mut dyn FnMut() -> Option<Vec<Named>>,
    limits: &Limits,
    disk: Option<&Disk>,
    body: &mut dyn FnMut(Backends<'_>),
) -> Result<(), ModelError> {
    let key = main.key();
    let mut result = Ok(());
    main.load(&mut |model| {
        let Some(others) = others() else { return };
        result = share(model, key.clone(), others, limits, disk, body);
    })?;
    result
}

/// The same with the first model loaded.
fn share(
    main: &mut dyn Model,
    key: Option<String>,
    others: Vec<Named>,
    limits: &Limits,
    disk: Option<&Disk>,
    body: &mut dyn FnMut(Backends<'_>),
) -> Result<(), ModelError> {
    let (mut keys, mut loaders, mut names) = (vec![key], Vec::new(), Vec::new());
    for (name, loader) in others {
        let key = loader.key();
        let known = keys.iter().position(|other| key.is_some() && *other == key);
        names.push((name, known.unwrap_or(keys.len())));
        if known.is_none() {
            keys.push(key);
            loaders.push(loader);
        }
    }
    // The next one is taken from the end.
    loaders.reverse();
    load(&mut loaders, vec![main], &mut |models| {
        let mut models = models.into_iter().map(|model| {
            let local = LocalModel::new(model, limits.clone());
            match disk {
                Some(disk) => local.with_disk(disk.clone()),
                None => local,
            }
        });
        let Some(main) = models.next() else { return };
        let mut all = Backends::new(main);
        models.for_each(|model| all.push(model));
        names.iter().for_each(|(name, at)| all.alias(name, *at));
        body(all);
    })
}

/// Models that are lent, in the order of their loaders.
type Models<'m> = Vec<&'m mut dyn Model>;

fn load(
    rest: &mut Vec<Box<dyn Load>>,
    mut loaded: Models<'_>,
    body: &mut dyn FnMut(Models<'_>),
) -> Result<(), ModelError> {
    let Some(loader) = rest.pop() else {
        body(loaded);
        return Ok(());
    };
    let mut result = Ok(());
    loader.load(&mut |model| {
        let mut all: Models<'_> = loaded.iter_mut().map(|model| &mut **model as &mut dyn Model).collect();
        all.push(model);
        result = load(rest, all, body);
    })?;
    result
}
