//! A question about groups, on its way from their spelling to ours.

use super::literal::Literal;

/// Who is in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Query {
    /// A group's DN.
    Group(String),
    Any(Vec<Query>),
    All(Vec<Query>),
    Not(Box<Query>),
}

impl Query {
    /// Any of these; one alone stands for itself.
    pub fn any(queries: Vec<Query>) -> Query {
        Query::joined(queries, Query::Any)
    }

    /// All of these; one alone stands for itself.
    pub fn all(queries: Vec<Query>) -> Query {
        Query::joined(queries, Query::All)
    }

    fn joined(mut queries: Vec<Query>, join: fn(Vec<Query>) -> Query) -> Query {
        match queries.pop() {
            Some(only) if queries.is_empty() => only,
            Some(last) => {
                queries.push(last);
                join(queries)
            }
            None => join(queries),
        }
    }

    /// As `flags`, `access` and `services` take it.
    pub fn literal(&self) -> Literal {
        let list = |queries: &[Query]| Literal::List(queries.iter().map(Query::literal).collect());
        match self {
            Query::Group(dn) => Literal::text(dn),
            Query::Any(queries) => Literal::Table(vec![("any", list(queries))]),
            Query::All(queries) => Literal::Table(vec![("all", list(queries))]),
            Query::Not(query) => Literal::Table(vec![("not", query.literal())]),
        }
    }

    /// Every group that is named.
    pub fn groups(&self) -> Vec<&str> {
        match self {
            Query::Group(dn) => vec![dn],
            Query::Any(queries) | Query::All(queries) => {
                queries.iter().flat_map(Query::groups).collect()
            }
            Query::Not(query) => query.groups(),
        }
    }

    /// Whether somebody is in by not being in a group.
    pub fn negates(&self) -> bool {
        match self {
            Query::Group(_) => false,
            Query::Any(queries) | Query::All(queries) => queries.iter().any(Query::negates),
            Query::Not(_) => true,
        }
    }
}
