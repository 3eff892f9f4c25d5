//! Templates, expanded: each use with different arguments is a separate definition.

use std::rc::Rc;

use rustc_hash::FxHashMap;

use super::names::Names;
use super::{Definition, Fault, Grammar, Item, Name, Span, Use};

/// Replaces all uses of templates, and then the templates themselves by nothing. Their arguments may have `most` parts in all.
pub(super) fn write_out(grammar: &mut Grammar<'_>, most: usize) -> Result<(), Fault> {
    let templates: FxHashMap<Name, Definition> = (grammar.definitions.iter_mut().enumerate())
        .filter_map(|(name, definition)| {
            Some((name as Name, definition.take_if(|definition| definition.parameters > 0)?))
        })
        .collect();
    let next = grammar.definitions.len() as Name;
    let (known, open, span) = (FxHashMap::default(), Vec::new(), Span { from: 0, to: 0 });
    let mut writer = Writer { names: &grammar.names, templates, known, open, next, parts: 0, most, span };
    for item in grammar.definitions.iter_mut().flatten().map(|d| &mut d.item).chain(&mut grammar.ignored) {
        writer.resolve(item, &[])?;
    }
    while let Some((used, name)) = writer.open.pop() {
        let Some(template) = writer.templates.get(&used.template) else { continue };
        let (mut item, terminal) = (template.item.clone(), template.terminal);
        writer.span = used.span;
        writer.resolve(&mut item, &used.arguments)?;
        if grammar.definitions.len() <= name as usize {
            grammar.definitions.resize_with(name as usize + 1, || None);
        }
        grammar.definitions[name as usize] = Some(Definition { item, parameters: 0, terminal });
    }
    Ok(())
}

struct Writer<'g, 't> {
    names: &'g Names<'t>,
    templates: FxHashMap<Name, Definition>,
    /// Uses by template and arguments.
    known: FxHashMap<(Name, String), Name>,
    /// Uses that are not written out.
    open: Vec<(Rc<Use>, Name)>,
    next: Name,
    parts: usize,
    most: usize,
    /// The use that is being written out.
    span: Span,
}

impl Writer<'_, '_> {
    /// Replaces parameters by arguments, and uses of templates by names.
    fn resolve(&mut self, item: &mut Item, arguments: &[Item]) -> Result<(), Fault> {
        match item {
            Item::Text(_) | Item::Pattern(_) | Item::Part(_) => Ok(()),
            Item::Name(name) => match self.templates.get(name) {
                None => Ok(()),
                Some(_) => Err(Fault {
                    span: self.names.place(*name),
                    reason: format!("the template `{}` has no arguments here", self.names.text(*name)),
                    hint: "give it as many arguments as it has parameters".to_owned(),
                }),
            },
            Item::Parameter(at) => {
                // Arguments are resolved before they come here.
                *item = arguments.get(*at as usize).cloned().unwrap_or(Item::Any(Vec::new()));
                self.count(parts(item), self.span)
            }
            Item::Seq(items) | Item::Any(items) => {
                items.iter_mut().try_for_each(|item| self.resolve(item, arguments))
            }
            Item::Repeat(inner, ..) => self.resolve(inner, arguments),
            Item::Apply(used) => {
                let mut given = used.arguments.clone();
                given.iter_mut().try_for_each(|item| self.resolve(item, arguments))?;
                let used = Use { template: used.template, arguments: given, span: used.span };
                *item = Item::Name(self.name(used)?);
                Ok(())
            }
        }
    }

    fn name(&mut self, used: Use) -> Result<Name, Fault> {
        let fault = |reason: String, hint: &str| Fault { span: used.span, reason, hint: hint.to_owned() };
        let wanted = self.templates.get(&used.template).map_or(0, |template| template.parameters);
        if wanted as usize != used.arguments.len() {
            let reason = match wanted {
                0 => "this is no template".to_owned(),
                1 => "this template takes 1 argument".to_owned(),
                _ => format!("this template takes {wanted} arguments"),
            };
            return Err(fault(reason, "give it as many arguments as it has parameters"));
        }
        let key = (used.template, format!("{:?}", used.arguments));
        if let Some(&name) = self.known.get(&key) {
            return Ok(name);
        }
        self.count(1 + key.1.len() / 16, used.span)?;
        let name = self.next;
        self.next += 1;
        self.known.insert(key, name);
        self.open.push((Rc::new(used), name));
        Ok(name)
    }

    /// Templates may use themselves with ever longer arguments: there is a bound.
    fn count(&mut self, parts: usize, span: Span) -> Result<(), Fault> {
        self.parts += parts;
        if self.parts <= self.most {
            return Ok(());
        }
        let reason = format!("the arguments of templates have more than {} parts by here", self.most);
        Err(Fault { span, reason, hint: "write the rules out".to_owned() })
    }
}

fn parts(item: &Item) -> usize {
    match item {
        Item::Seq(items) | Item::Any(items) => 1 + items.iter().map(parts).sum::<usize>(),
        Item::Repeat(inner, ..) => 1 + parts(inner),
        _ => 1,
    }
}
