//! A directory: users and groups, as LDIF for slapd and as facts for the generator.

use std::collections::BTreeSet;

use crate::common::directory::{GROUPS, Ldif, SERVICE_DN, USERS};
use crate::common::slapd::{Slapd, SlapdOptions};
use crate::dn::Dn;

pub const DEEP: &str = "ou=deep,ou=users,dc=example,dc=com";
pub const CONTRACTORS: &str = "ou=contractors,dc=example,dc=com";
pub const OUTSIDE: &str = "ou=outside,dc=example,dc=com";
/// No such entry.
pub const MISSING: &str = "ou=missing,dc=example,dc=com";

/// A schema of groups.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    Names,
    UniqueNames,
    Role,
    Posix,
    /// A class of our own, with a member attribute of our own.
    Own,
}

impl Kind {
    pub const ALL: [Kind; 5] = [
        Kind::Names,
        Kind::UniqueNames,
        Kind::Role,
        Kind::Posix,
        Kind::Own,
    ];

    pub fn object_class(self) -> &'static str {
        match self {
            Kind::Names => "groupOfNames",
            Kind::UniqueNames => "groupOfUniqueNames",
            Kind::Role => "organizationalRole",
            Kind::Posix => "posixGroup",
            Kind::Own => "exampleGroup",
        }
    }

    pub fn member_attribute(self) -> &'static str {
        match self {
            Kind::Names => "member",
            Kind::UniqueNames => "uniqueMember",
            Kind::Role => "roleOccupant",
            Kind::Posix => "memberUid",
            Kind::Own => "exampleMember",
        }
    }

    /// The value of `group.type`, or else the member attribute.
    pub fn setting(self) -> &'static str {
        match self {
            Kind::Names => "group_of_names",
            Kind::UniqueNames => "group_of_unique_names",
            Kind::Role => "organizational_role",
            Kind::Posix => "posix_group",
            Kind::Own => self.member_attribute(),
        }
    }

    /// The unit of the groups of this kind.
    pub fn unit(self) -> String {
        format!("ou={},{GROUPS}", self.object_class())
    }

    pub fn teams(self) -> String {
        format!("ou=teams,{}", self.unit())
    }
}

/// What the lookups of a login may see of a group.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Access {
    Open,
    /// It seems not to exist.
    Hidden,
    /// The server says that it will not say.
    Guarded,
    /// It is there, its members are not shown.
    Opaque,
    /// Users see it, the service account does not.
    Private,
}

#[derive(Clone, Debug)]
pub struct Group {
    pub dn: Dn,
    pub kind: Kind,
    /// The values of the member attribute.
    pub members: Vec<String>,
    pub gid: u32,
    pub description: Option<&'static str>,
    pub access: Access,
}

#[derive(Clone, Debug)]
pub struct User {
    pub dn: Dn,
    pub uids: Vec<String>,
    pub password: Option<String>,
    pub gid: Option<u32>,
    /// Other attributes; a name with a colon at its end has its value in base64.
    pub attributes: Vec<(&'static str, String)>,
    /// Whether only the user's own bind can see the entry.
    pub invisible: bool,
}

impl User {
    /// A user in `ou=users` with a password and what the schema wants.
    pub fn new(name: &str) -> User {
        User {
            dn: Dn::new(&[("uid", name)], USERS),
            uids: vec![name.to_owned()],
            password: Some(format!("{}-secret", name.trim())),
            gid: None,
            attributes: vec![("cn", name.trim().to_owned()), ("sn", "Tester".to_owned())],
            invisible: false,
        }
    }

    pub fn with(mut self, attribute: &'static str, value: &str) -> User {
        self.attributes.push((attribute, value.to_owned()));
        self
    }

    /// The first mail address.
    pub fn mail(&self) -> Option<String> {
        let mut mails = self.attributes.iter().filter(|(name, _)| *name == "mail");
        mails.next().map(|(_, mail)| mail.clone())
    }

    fn write(&self, ldif: &mut Ldif) {
        let gid = self.gid.map(|gid| gid.to_string());
        let mut attributes = vec![("objectClass", "inetOrgPerson")];
        if let Some(gid) = &gid {
            attributes.push(("objectClass", "posixAccount"));
            attributes.extend([("gidNumber", gid.as_str()), ("uidNumber", "30000")]);
            attributes.push(("homeDirectory", "/"));
        }
        let shadow = |(name, _): &(&str, String)| name.starts_with("shadow");
        if self.attributes.iter().any(shadow) {
            attributes.push(("objectClass", "shadowAccount"));
        }
        attributes.extend(self.uids.iter().map(|uid| ("uid", uid.as_str())));
        if let Some(password) = &self.password {
            attributes.push(("userPassword", password));
        }
        attributes.extend(
            self.attributes
                .iter()
                .map(|(name, value)| (*name, value.as_str())),
        );
        ldif.entry(&self.dn.text(), &attributes);
    }
}

impl Group {
    pub fn new(kind: Kind, name: &str, members: &[&User]) -> Group {
        let member = |user: &&User| match kind {
            Kind::Posix => user.uids[0].clone(),
            _ => user.dn.text(),
        };
        Group {
            dn: Dn::new(&[("cn", name)], &kind.unit()),
            kind,
            members: members.iter().map(member).collect(),
            gid: 40_000,
            description: None,
            access: Access::Open,
        }
    }

    /// The value of its RDN.
    pub fn name(&self) -> String {
        let Dn(parts) = &self.dn;
        parts[0][0].1.clone()
    }

    fn write(&self, ldif: &mut Ldif) {
        let (name, gid) = (self.name(), self.gid.to_string());
        let mut attributes = vec![("objectClass", self.kind.object_class()), ("cn", &name)];
        if self.kind == Kind::Posix {
            attributes.push(("gidNumber", &gid));
        }
        attributes.extend(self.description.map(|text| ("description", text)));
        let mut seen = BTreeSet::new();
        let members = self.members.iter().filter(|member| seen.insert(*member));
        attributes.extend(members.map(|member| (self.kind.member_attribute(), member.as_str())));
        // These two classes have at least one member.
        if self.members.is_empty() && matches!(self.kind, Kind::Names | Kind::UniqueNames) {
            attributes.push((self.kind.member_attribute(), SERVICE_DN));
        }
        ldif.entry(&self.dn.text(), &attributes);
    }
}

#[derive(Clone, Debug, Default)]
pub struct Tree {
    pub users: Vec<User>,
    pub groups: Vec<Group>,
}

impl Tree {
    /// The server that holds it.
    pub fn serve(&self) -> Slapd {
        Slapd::start(&SlapdOptions {
            ldif: self.ldif().text().to_owned(),
            access: self.access(),
            ..SlapdOptions::default()
        })
    }

    /// The DN as the server spells it, if it is a group's.
    pub fn as_sent(&self, dn: &str) -> String {
        let same = |group: &&Group| group.dn.is_spelled_in_any_way_as(dn);
        let group = self.groups.iter().find(same);
        group.map_or_else(|| dn.to_owned(), |group| group.dn.as_sent())
    }

    fn ldif(&self) -> Ldif {
        let mut ldif = Ldif::tree();
        let unit = [("objectClass", "organizationalUnit")];
        for base in [DEEP, CONTRACTORS, OUTSIDE] {
            ldif.entry(base, &unit);
        }
        for kind in Kind::ALL {
            ldif.entry(&kind.unit(), &unit);
            ldif.entry(&kind.teams(), &unit);
        }
        self.users.iter().for_each(|user| user.write(&mut ldif));
        self.groups.iter().for_each(|group| group.write(&mut ldif));
        ldif
    }

    fn access(&self) -> String {
        let mut lines = "access to attrs=userPassword by anonymous auth by * none\n".to_owned();
        let mut add = |dn: &Dn, what: &str, who: &str| {
            let dn = dn.text().replace('\\', "\\\\").replace('"', "\\\"");
            lines.push_str(&format!("access to dn.base=\"{dn}\" {what} {who}\n"));
        };
        for user in self.users.iter().filter(|user| user.invisible) {
            add(&user.dn, "", "by * auth");
        }
        for group in &self.groups {
            match group.access {
                Access::Open => {}
                Access::Hidden => add(&group.dn, "", "by * none"),
                Access::Guarded => add(&group.dn, "", "by * disclose"),
                Access::Opaque => {
                    let members = format!("attrs={}", group.kind.member_attribute());
                    add(&group.dn, &members, "by * none");
                }
                Access::Private => {
                    let who = format!("by dn.exact=\"{SERVICE_DN}\" none by users read by * none");
                    add(&group.dn, "", &who);
                }
            }
        }
        lines.push_str("access to * by * read\n");
        lines
    }
}
