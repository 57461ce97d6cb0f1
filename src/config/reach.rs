//! Which groups nesting can see: those that a search of `group.search` reaches.

use std::collections::BTreeSet;

use super::{Config, GroupSchema, GroupSearch, Query, Scope};
use crate::names::Dn;

impl GroupSearch {
    /// Whether an entry of this name is where the search looks. Its filter may still pass it over.
    #[must_use]
    pub fn reaches(&self, group: &Dn) -> bool {
        match (group.levels_below(&self.base), self.scope) {
            (None, _) => false,
            (Some(levels), Scope::Base) => levels == 0,
            (Some(levels), Scope::OneLevel) => levels == 1,
            (Some(_), Scope::Subtree) => true,
        }
    }
}

impl Config {
    /// The groups that flags, gates and local groups name and that no search of `group.search`
    /// reaches. With `group.nested` nobody is seen to be a member of these; without it, and where the server
    /// computes memberships by itself, `group.search` is no matter and none are given.
    #[must_use]
    pub fn groups_outside_search(&self) -> BTreeSet<&Dn> {
        let by_search = match self.group.schema {
            GroupSchema::MemberDn(_) => self.group.nested,
            GroupSchema::ActiveDirectory | GroupSchema::MemberOf | GroupSchema::Posix => false,
        };
        if !by_search {
            return BTreeSet::new();
        }
        let mut named = BTreeSet::new();
        let queries = self.flags.values().chain(&self.access.require);
        let queries = queries.chain(&self.access.deny);
        let queries = queries.chain(self.services.values());
        for query in queries.chain(self.session.local_groups.values()) {
            query.add_groups(&mut named);
        }
        let reached = |group: &&Dn| self.group.search.iter().any(|search| search.reaches(group));
        named.retain(|group| !reached(group));
        named
    }
}

impl Query {
    /// Adds the groups that this query names itself; those of its flags are not followed.
    fn add_groups<'a>(&'a self, groups: &mut BTreeSet<&'a Dn>) {
        match self {
            Query::Group(group) => {
                groups.insert(group);
            }
            Query::Flag(_) => {}
            Query::Not(query) => query.add_groups(groups),
            Query::Any(queries) | Query::All(queries) => {
                queries.iter().for_each(|query| query.add_groups(groups));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use crate::config::parse;

    const FILE: &str = r#"
        [server]
        uris = ["ldaps://x.example"]
        [user]
        dn_template = "uid={user},dc=x"
        [group]
        search = [ { base = "ou=groups,dc=x", scope = "onelevel" },
                   { base = "cn=one,dc=x", scope = "base" },
                   { base = "ou=all,dc=x" } ]
        nested = true
        [flags]
        is_active = { any = ["cn=a, OU=Groups, DC=x", "cn=deep,ou=more,ou=groups,dc=x"] }
        is_staff = { not = ["CN=one,dc=x", "cn=below,cn=one,dc=x"] }
        [access]
        require = "cn=a,ou=b,ou=all,dc=x"
        deny = { all = ["cn=gone,dc=y", "is_active"] }
        [services.sudo]
        require = "ou=groups,dc=x"
    "#;

    fn outside(text: &str) -> Vec<String> {
        let config = parse(text, Path::new("test.toml")).unwrap();
        let outside = config.groups_outside_search();
        let mut outside: Vec<String> = outside.iter().map(ToString::to_string).collect();
        outside.sort();
        outside
    }

    #[test]
    fn groups_that_no_search_reaches_are_told() {
        assert_eq!(
            outside(FILE),
            [
                "cn=below,cn=one,dc=x",
                "cn=deep,ou=more,ou=groups,dc=x",
                "cn=gone,dc=y",
                "ou=groups,dc=x"
            ]
        );
    }

    #[test]
    fn where_nothing_is_nested_every_group_is_reached() {
        let flat = FILE.replace("nested = true", "nested = false");
        assert!(outside(&flat).is_empty());
    }
}
