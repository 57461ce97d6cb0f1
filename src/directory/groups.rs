//! How each kind of group lists its members, and so how to ask whether somebody is one.

use super::Entry;
use crate::account_state::wanted_attributes as wanted_of_state;
use crate::config::{Config, GroupSchema};
use crate::names::{AttributeName, UserName};
use crate::template::Filter;

/// The filter that a group matches if this user is a member.
pub fn membership(config: &Config, user: &UserName, entry: &Entry) -> Filter {
    let dn = entry.dn.as_str().as_bytes();
    match &config.group.schema {
        GroupSchema::MemberDn(attribute) => Filter::equality(attribute, dn),
        GroupSchema::ActiveDirectory => Filter::equality(&AttributeName::known("member"), dn),
        GroupSchema::Posix => {
            let member_uid = AttributeName::known("memberUid");
            let listed = Filter::equality(&member_uid, user.as_str().as_bytes());
            // The primary group does not list its members (RFC 2307 §2.2).
            match entry.values("gidNumber").first() {
                Some(gid) => listed.or(&Filter::equality(&AttributeName::known("gidNumber"), gid)),
                None => listed,
            }
        }
    }
}

/// The attributes of a user's entry that a login needs, and no more.
pub fn wanted_attributes(config: &Config) -> Vec<&str> {
    let mut wanted = vec![config.user.name_attribute.as_str()];
    wanted.extend(
        config
            .user
            .attributes
            .values()
            .map(|attribute| attribute.as_str()),
    );
    let listing = [
        &config.access.host_attribute,
        &config.access.service_attribute,
    ];
    wanted.extend(
        listing
            .into_iter()
            .flatten()
            .map(|attribute| attribute.as_str()),
    );
    wanted.extend(wanted_of_state(config.access.account_state.as_ref()));
    match config.group.schema {
        GroupSchema::MemberDn(_) | GroupSchema::ActiveDirectory => {}
        GroupSchema::Posix => wanted.push("gidNumber"),
    }
    wanted
}
