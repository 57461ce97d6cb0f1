//! Security identifiers (MS-DTYP 2.4.2.2), as `objectSid` and `tokenGroups` hold them.

use super::Entry;

/// The bytes before the sub-authorities: revision, their number, and the authority.
const HEAD: usize = 8;
/// One sub-authority.
const PART: usize = 4;
/// S-1-5
const NT_AUTHORITY: [u8; 6] = [0, 0, 0, 0, 0, 5];
/// The first sub-authority of what belongs to a domain: S-1-5-21.
const OF_A_DOMAIN: [u8; PART] = [21, 0, 0, 0];
/// Sub-authorities of a principal of a domain: 21, three for the domain, and its own.
const PARTS: u8 = 5;

/// The identifier of a user or group of a domain: S-1-5-21-a-b-c-rid. No two domains have the same,
/// as they have those of the built-in groups (S-1-5-32-…).
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct DomainSid(Vec<u8>);

impl DomainSid {
    /// Takes the bytes of an identifier; None if it is another kind.
    pub fn parse(bytes: &[u8]) -> Option<Self> {
        let (head, parts) = bytes.split_at_checked(HEAD)?;
        let (numbers, authority) = head.split_at_checked(2)?;
        let fits = numbers == [1, PARTS]
            && authority == NT_AUTHORITY
            && parts.len() == usize::from(PARTS) * PART
            && parts.starts_with(&OF_A_DOMAIN);
        fits.then(|| DomainSid(bytes.to_vec()))
    }

    /// The bytes.
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }

    /// Whether both are of one domain.
    pub fn shares_domain(&self, other: &DomainSid) -> bool {
        self.domain() == other.domain()
    }

    /// The principal of the same domain with this relative identifier.
    fn sibling(&self, rid: u32) -> Self {
        let mut bytes = self.domain().to_vec();
        bytes.extend(rid.to_le_bytes());
        DomainSid(bytes)
    }

    fn domain(&self) -> &[u8] {
        self.0
            .split_last_chunk::<PART>()
            .map_or(self.0.as_slice(), |(domain, _)| domain)
    }
}

/// `objectSid` of an entry, if it is of a domain.
pub fn object_sid(entry: &Entry) -> Option<DomainSid> {
    match entry.values("objectSid") {
        [sid] => DomainSid::parse(sid),
        _ => None,
    }
}

/// The primary group of a user, which does not list its members: it is of the user's domain, and its
/// relative identifier is in `primaryGroupID` (MS-ADTS 3.1.1.6.3).
pub fn primary_group(user: &Entry) -> Option<DomainSid> {
    let rid = match user.values("primaryGroupID") {
        [_] => user.first_text("primaryGroupID")?.parse().ok()?,
        _ => return None,
    };
    Some(object_sid(user)?.sibling(rid))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::names::Dn;

    /// S-1-5-21-1-2-3-rid
    fn sid(rid: u32) -> Vec<u8> {
        let mut bytes = vec![1, 5, 0, 0, 0, 0, 0, 5];
        for part in [21, 1, 2, 3, rid] {
            bytes.extend(part.to_le_bytes());
        }
        bytes
    }

    fn user(sids: &[Vec<u8>], groups: &[&str]) -> Entry {
        let groups = groups.iter().map(|id| id.as_bytes().to_vec()).collect();
        let attributes = [
            ("objectSid".to_owned(), sids.to_vec()),
            ("primaryGroupID".to_owned(), groups),
        ];
        Entry::new(Dn::parse("cn=x").unwrap(), attributes)
    }

    #[test]
    fn the_primary_group_is_of_the_users_domain() {
        let group = primary_group(&user(&[sid(1105)], &["513"])).unwrap();
        assert_eq!(group.as_bytes(), sid(513));
        assert!(group.shares_domain(&DomainSid::parse(&sid(7)).unwrap()));
        let mut elsewhere = sid(513);
        elsewhere[12] = 9;
        assert!(!group.shares_domain(&DomainSid::parse(&elsewhere).unwrap()));
    }

    #[test]
    fn what_makes_no_sense_is_no_primary_group() {
        let built_in = vec![1, 2, 0, 0, 0, 0, 0, 5, 32, 0, 0, 0, 33, 2, 0, 0];
        let mut longer = sid(1);
        longer.push(0);
        let mut other_authority = sid(1);
        other_authority[7] = 6;
        let mut other_kind = sid(1);
        other_kind[8] = 22;
        for bad in [
            vec![],
            built_in,
            longer,
            other_authority,
            other_kind,
            sid(1)[..24].to_vec(),
        ] {
            assert_eq!(
                primary_group(&user(std::slice::from_ref(&bad), &["513"])),
                None,
                "{bad:?}"
            );
        }
        assert_eq!(primary_group(&user(&[], &["513"])), None);
        assert_eq!(primary_group(&user(&[sid(1), sid(2)], &["513"])), None);
        for bad in [
            &[][..],
            &[""],
            &["x"],
            &["-1"],
            &["4294967296"],
            &["513", "514"],
        ] {
            assert_eq!(primary_group(&user(&[sid(1)], bad)), None, "{bad:?}");
        }
    }
}
