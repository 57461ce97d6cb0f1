//! The algebra of groups: who is in, told by groups, flags and their combinations.

use std::collections::BTreeMap;

use toml::de::DeValue;

use super::error::ConfigError;
use super::item::Item;
use super::source::{Section, shown};
use super::suggest::nearest;
use crate::names::{Dn, FlagName};

/// How deep a query may nest, counted through the flags that it names.
const MAX_DEPTH: usize = 32;
const TOO_DEEP: &str = "the query nests deeper than 32 levels; make it flatter";
/// How many groups a query may name, counted through the flags that it names.
const MAX_GROUPS: usize = 1000;

/// A question about a user's groups. Every flag in it exists, and none depends on itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Query {
    /// Member of this group.
    Group(Dn),
    /// The flag of this name is true.
    Flag(FlagName),
    /// One of these is true; never empty.
    Any(Vec<Query>),
    /// Each of these is true; never empty.
    All(Vec<Query>),
    /// This is false.
    Not(Box<Query>),
}

/// `[flags]`, and what other queries need to know of it.
pub(super) struct Flags<'a> {
    section: &'a Section<'a>,
    queries: BTreeMap<FlagName, Query>,
    /// How far each flag's query reaches.
    extents: BTreeMap<FlagName, Extent>,
}

/// How far a query reaches when the flags that it names are written out.
#[derive(Clone, Copy, Debug, Default)]
struct Extent {
    depth: usize,
    groups: usize,
}

impl Extent {
    fn of_group() -> Self {
        Extent {
            depth: 1,
            groups: 1,
        }
    }

    /// Of a query around these.
    fn around(parts: impl IntoIterator<Item = Extent>) -> Self {
        let beside = |all: Extent, part: Extent| Extent {
            depth: all.depth.max(part.depth),
            groups: all.groups.saturating_add(part.groups),
        };
        let inside = parts.into_iter().fold(Extent::default(), beside);
        Extent {
            depth: inside.depth + 1,
            ..inside
        }
    }

    fn check(self) -> Result<Self, &'static str> {
        if self.depth > MAX_DEPTH {
            return Err(TOO_DEEP);
        }
        if self.groups > MAX_GROUPS {
            return Err(
                "the query names more than 1000 groups, flags written out; make it smaller",
            );
        }
        Ok(self)
    }
}

impl<'a> Flags<'a> {
    /// Reads `[flags]`.
    pub(super) fn read(section: &'a Section<'a>) -> Result<Self, ConfigError> {
        let mut queries = BTreeMap::new();
        for item in section.items() {
            let name = FlagName::parse(item.key()).ok_or_else(|| {
                item.key_error("not a flag's name; use letters, digits, \"_\", \"-\" and \".\"")
            })?;
            queries.insert(name, query(&item, section, 1)?);
        }
        if !queries.contains_key(&FlagName::is_active()) {
            let hint = "missing; it says who may log in at all, such as is_active = \"cn=active,ou=groups,dc=example,dc=com\"";
            return Err(section.missing("is_active", hint));
        }
        let mut flags = Flags {
            section,
            queries,
            extents: BTreeMap::new(),
        };
        for name in flags.queries.keys() {
            let walk = Walk {
                flags: &flags.queries,
                extents: &mut flags.extents,
                path: Vec::new(),
            };
            walk.start(name)
                .map_err(|problem| match section.get(name.as_str()) {
                    Some(item) => item.error(&problem),
                    None => section.error(&problem),
                })?;
        }
        Ok(flags)
    }

    /// Reads a query from outside `[flags]`.
    pub(super) fn query(&self, item: &Item<'_>) -> Result<Query, ConfigError> {
        let query = query(item, self.section, 1)?;
        self.extent(&query)
            .check()
            .map_err(|problem| item.error(problem))?;
        Ok(query)
    }

    /// The flags themselves.
    pub(super) fn into_queries(self) -> BTreeMap<FlagName, Query> {
        self.queries
    }

    fn extent(&self, query: &Query) -> Extent {
        match query {
            Query::Group(_) => Extent::of_group(),
            Query::Flag(name) => Extent::around(self.extents.get(name).copied()),
            Query::Not(query) => Extent::around([self.extent(query)]),
            Query::Any(queries) | Query::All(queries) => {
                Extent::around(queries.iter().map(|query| self.extent(query)))
            }
        }
    }
}

/// A walk from flag to flag that finds circles, and how far each flag's query reaches.
struct Walk<'w> {
    flags: &'w BTreeMap<FlagName, Query>,
    extents: &'w mut BTreeMap<FlagName, Extent>,
    path: Vec<&'w FlagName>,
}

impl<'w> Walk<'w> {
    fn start(mut self, name: &'w FlagName) -> Result<(), String> {
        self.flag(name).map(|_| ())
    }

    fn flag(&mut self, name: &'w FlagName) -> Result<Extent, String> {
        if let Some(extent) = self.extents.get(name) {
            return Ok(*extent);
        }
        if let Some(first) = self.path.iter().position(|earlier| *earlier == name) {
            let circle = self.path.iter().skip(first).chain([&name]);
            let circle: Vec<String> = circle.map(|flag| shown(flag.as_str())).collect();
            return Err(format!(
                "a circle of flags: {}; break it",
                circle.join(" -> ")
            ));
        }
        // A longer path of flags nests deeper than is allowed, and is not followed to its end.
        Extent {
            depth: self.path.len() + 1,
            groups: 0,
        }
        .check()?;
        self.path.push(name);
        let extent = match self.flags.get(name) {
            Some(query) => self.query(query)?.check()?,
            None => Extent::default(),
        };
        self.path.pop();
        self.extents.insert(name.clone(), extent);
        Ok(extent)
    }

    fn query(&mut self, query: &'w Query) -> Result<Extent, String> {
        Ok(match query {
            Query::Group(_) => Extent::of_group(),
            Query::Flag(name) => Extent::around([self.flag(name)?]),
            Query::Not(query) => Extent::around([self.query(query)?]),
            Query::Any(queries) | Query::All(queries) => {
                let parts = queries.iter().map(|query| self.query(query));
                Extent::around(parts.collect::<Result<Vec<_>, _>>()?)
            }
        })
    }
}

fn query(item: &Item<'_>, flags: &Section<'_>, depth: usize) -> Result<Query, ConfigError> {
    if depth > MAX_DEPTH {
        return Err(item.error(TOO_DEEP));
    }
    match item.value() {
        DeValue::String(text) if text.is_empty() => {
            Err(item.error("the query is empty; name a group's DN or a flag"))
        }
        DeValue::String(text) if text.contains('=') => item.dn().map(Query::Group),
        DeValue::String(text) => flag(item, text, flags),
        DeValue::Array(_) => list(item, flags, depth).map(Query::Any),
        DeValue::Table(_) => combination(item, flags, depth),
        _ => Err(item.wrong_type("a query (a group's DN, a flag's name, a list or a table)")),
    }
}

fn flag(item: &Item<'_>, text: &str, flags: &Section<'_>) -> Result<Query, ConfigError> {
    match FlagName::parse(text) {
        Some(name) if flags.get(text).is_some() => Ok(Query::Flag(name)),
        _ => {
            let hint = match nearest(text, flags.items().map(|flag| flag.key())) {
                Some(near) => format!("did you mean \"{near}\"?"),
                None => "add it to [flags], or write the whole DN of a group".to_owned(),
            };
            Err(item.error(&format!("no flag \"{}\"; {hint}", shown(text))))
        }
    }
}

fn list(item: &Item<'_>, flags: &Section<'_>, depth: usize) -> Result<Vec<Query>, ConfigError> {
    let queries = item.list()?.map(|each| query(&each, flags, depth + 1));
    let queries = queries.collect::<Result<Vec<_>, _>>()?;
    if queries.is_empty() {
        return Err(item.error("the list is empty; name at least one group or flag"));
    }
    Ok(queries)
}

/// A table with exactly one of `any`, `all` and `not`.
fn combination(item: &Item<'_>, flags: &Section<'_>, depth: usize) -> Result<Query, ConfigError> {
    let one_of_three = "exactly one of any = [...], all = [...] and not = QUERY stands here";
    let Some(table) = item.value().as_table().filter(|table| table.len() == 1) else {
        return Err(item.error(one_of_three));
    };
    let Some((key, value)) = table.iter().next() else {
        return Err(item.error(one_of_three));
    };
    let inner = item.with_value(value);
    match key.get_ref().as_ref() {
        "any" => list(&inner, flags, depth).map(Query::Any),
        "all" => list(&inner, flags, depth).map(Query::All),
        "not" => query(&inner, flags, depth + 1).map(|query| Query::Not(Box::new(query))),
        other => {
            let hint = match nearest(other, ["any", "all", "not"]) {
                Some(near) => format!("did you mean \"{near}\"?"),
                None => one_of_three.to_owned(),
            };
            Err(item.error_at(
                key.span().start,
                &format!("unknown key \"{}\" in a query; {hint}", shown(other)),
            ))
        }
    }
}
