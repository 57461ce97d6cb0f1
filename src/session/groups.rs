//! The local groups of a session: which ones, and adding them to the process that becomes the
//! session.

use std::collections::BTreeSet;

use crate::config::{MirrorMode, Session as Settings};
use crate::login::Groups;
use crate::names::is_local_group;
use crate::ordered::ordered;
use crate::sys;

/// Groups whose members are as good as root, or read everybody's files, keys or passwords, on one
/// distribution or another. A group of the directory with such a name gives nothing, whatever its gid
/// is here: only `session.local_groups` gives them.
const PRIVILEGED: &str = "\
    root wheel sudo admin adm \
    docker podman containerd lxc lxd incus incus-admin microk8s libvirt libvirt-qemu kvm vboxusers \
    disk kmem mem sys bin daemon tty input \
    shadow ssh_keys ssl-cert systemd-journal backup crontab wireshark pcap netdev";

fn is_privileged(name: &str) -> bool {
    PRIVILEGED.split(' ').any(|privileged| privileged == name)
}

/// A local group that the session is to get, by its name here.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Wanted {
    /// The name.
    pub name: String,
    /// For a mirrored group: never below this gid. None where the configuration names the group.
    pub min_gid: Option<u32>,
}

/// The groups that a session is to get: those that the configuration names, then the mirrored ones,
/// both by name. Knows nothing of which of them exist here.
#[must_use]
pub fn wanted(settings: &Settings, groups: &Groups) -> Vec<Wanted> {
    let mirror = &settings.mirror_groups;
    let chosen = |name: &&String| match mirror.mode {
        MirrorMode::Off => false,
        MirrorMode::All => true,
        MirrorMode::Only => mirror.names.contains(*name),
        MirrorMode::Except => !mirror.names.contains(*name),
    };
    let mirrored = groups
        .directory
        .iter()
        .filter(chosen)
        .filter(|name| is_local_group(name) && !is_privileged(name))
        .filter(|name| !groups.local.contains(*name))
        .cloned();
    let mirrored: BTreeSet<String> = ordered(mirrored);
    let named = groups.local.iter().cloned().map(|name| (name, None));
    let mirrored = mirrored
        .into_iter()
        .map(|name| (name, Some(mirror.min_gid)));
    named
        .chain(mirrored)
        .map(|(name, min_gid)| Wanted { name, min_gid })
        .collect()
}

/// What became of the groups that were wanted.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Added {
    /// The groups that the process did not have before.
    pub names: Vec<String>,
    /// What the administrator should know.
    pub problems: Vec<String>,
}

/// Adds groups to those that the process has (setgroups(2)). What goes wrong is in `problems`.
#[must_use]
pub fn add(wanted: &[Wanted]) -> Added {
    let mut added = Added::default();
    let found: Vec<(&str, u32)> = wanted
        .iter()
        .filter_map(|group| {
            let gid = find(group).unwrap_or_else(|problem| {
                added.problems.push(problem);
                None
            });
            Some((group.name.as_str(), gid?))
        })
        .collect();
    if found.is_empty() {
        return added;
    }
    let present = match sys::supplementary_groups() {
        Ok(present) => present,
        Err(error) => {
            added.problems.push(format!("getgroups: {error}"));
            return added;
        }
    };
    let merged = merge(present, &found, sys::max_groups());
    if !merged.left_out.is_empty() {
        added.problems.push(format!(
            "no room for {} of the session's groups, NGROUPS_MAX is {}: {}",
            merged.left_out.len(),
            sys::max_groups(),
            merged.left_out.join(",")
        ));
    }
    if merged.names.is_empty() {
        return added;
    }
    match sys::set_supplementary_groups(&merged.gids) {
        Ok(()) => added.names = merged.names,
        Err(error) => added.problems.push(format!(
            "the groups {} could not be added: {error}",
            merged.names.join(",")
        )),
    }
    added
}

/// The gid of a group, or None if the session does not get it after all.
fn find(group: &Wanted) -> Result<Option<u32>, String> {
    let Wanted { name, min_gid } = group;
    let trouble = |error| format!("the host's own group database: {name}: {error}");
    match (sys::local_gid(name).map_err(trouble)?, *min_gid) {
        (None, None) => Err(format!(
            "session.local_groups.{name}: there is no such group on this host; groupadd {name}"
        )),
        (Some(gid), None) => Ok(Some(gid)),
        (Some(gid), Some(min_gid)) if gid >= min_gid && gid != 0 => {
            // The group of an account's own, by useradd(8) or as a daemon: its files are the account's.
            let account = sys::local_uid(name.as_bytes()).map_err(trouble)?;
            Ok(account.is_none().then_some(gid))
        }
        (_, Some(_)) => Ok(None),
    }
}

/// Groups as setgroups(2) gets them.
struct Merged {
    gids: Vec<u32>,
    /// Which of them are new.
    names: Vec<String>,
    /// For which there is no room.
    left_out: Vec<String>,
}

/// Puts the new groups behind those that are there, as long as there is room.
fn merge(present: Vec<u32>, new: &[(&str, u32)], room: usize) -> Merged {
    let mut merged = Merged {
        gids: present,
        names: Vec::new(),
        left_out: Vec::new(),
    };
    for (name, gid) in new {
        if merged.gids.contains(gid) {
            continue;
        }
        if merged.gids.len() < room {
            merged.gids.push(*gid);
            merged.names.push((*name).to_owned());
        } else {
            merged.left_out.push((*name).to_owned());
        }
    }
    merged
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::MirrorGroups;

    fn names(list: &[&str]) -> Vec<String> {
        list.iter().map(|name| (*name).to_owned()).collect()
    }

    fn chosen(mode: MirrorMode, listed: &[&str], local: &[&str], directory: &[&str]) -> String {
        let settings = Settings {
            environment: true,
            local_groups: Default::default(),
            mirror_groups: MirrorGroups {
                mode,
                names: names(listed).into_iter().collect(),
                min_gid: 1000,
            },
        };
        let groups = Groups {
            local: names(local).into_iter().collect(),
            directory: names(directory),
            problem: None,
        };
        let wanted = wanted(&settings, &groups);
        let shown = wanted.iter().map(|group| match group.min_gid {
            None => format!("{}!", group.name),
            Some(1000) => group.name.clone(),
            Some(other) => panic!("{other}"),
        });
        shown.collect::<Vec<_>>().join(" ")
    }

    #[test]
    fn the_mode_says_which_groups_are_mirrored_and_those_named_come_first() {
        let all = &["web", "db", "web", "adm"];
        assert_eq!(chosen(MirrorMode::Off, &[], &["zz"], all), "zz!");
        assert_eq!(chosen(MirrorMode::All, &[], &["zz"], all), "zz! db web");
        assert_eq!(chosen(MirrorMode::All, &[], &["web"], all), "web! db");
        assert_eq!(chosen(MirrorMode::Only, &["db", "x"], &[], all), "db");
        assert_eq!(chosen(MirrorMode::Only, &[], &[], all), "");
        assert_eq!(chosen(MirrorMode::Except, &["db"], &[], all), "web");
        assert_eq!(chosen(MirrorMode::Except, &[], &[], all), "db web");
    }

    #[test]
    fn a_privileged_group_is_never_mirrored_and_always_given_where_it_is_named() {
        for name in PRIVILEGED.split(' ') {
            assert!(is_local_group(name), "{name:?}");
            assert_eq!(chosen(MirrorMode::All, &[], &[], &[name]), "");
            assert_eq!(chosen(MirrorMode::Only, &[name], &[], &[name]), "");
            assert_eq!(chosen(MirrorMode::Except, &["x"], &[], &[name]), "");
            let named = chosen(MirrorMode::All, &[], &[name], &[name]);
            assert_eq!(named, format!("{name}!"));
        }
        for name in [
            "root", "sudo", "docker", "shadow", "disk", "adm", "wheel", "lxd",
        ] {
            assert!(is_privileged(name), "{name}");
        }
    }

    #[test]
    fn what_cannot_be_the_name_of_a_local_group_is_not_looked_up() {
        let odd = ["", "a b", "a:b", "a,b", "a/b", "a\nb", "a\u{85}b", "zoë"];
        assert_eq!(chosen(MirrorMode::All, &[], &[], &odd), "zoë");
    }

    #[test]
    fn groups_are_added_once_behind_those_that_are_there_while_there_is_room() {
        let new = [("a", 1), ("b", 7), ("c", 2), ("d", 1), ("e", 3)];
        let merged = merge(vec![9, 7, 7], &new, 5);
        assert_eq!(merged.gids, [9, 7, 7, 1, 2]);
        assert_eq!(merged.names, ["a", "c"]);
        assert_eq!(merged.left_out, ["e"]);
        let full = merge(vec![1, 2], &[("x", 3), ("y", 2)], 2);
        assert_eq!(full.gids, [1, 2]);
        assert_eq!((full.names.len(), full.left_out.len()), (0, 1));
        let over = merge(vec![1, 2, 3], &[("x", 4)], 2);
        assert_eq!(over.gids, [1, 2, 3]);
    }

    #[test]
    fn a_group_that_is_named_and_missing_is_a_problem_and_a_mirrored_one_is_not() {
        let group = |name: &str, min_gid| Wanted {
            name: name.to_owned(),
            min_gid,
        };
        let problem = find(&group("no-such-group", None)).unwrap_err();
        assert!(problem.contains("session.local_groups.no-such-group"));
        assert_eq!(find(&group("no-such-group", Some(0))), Ok(None));
        assert_eq!(find(&group("root", None)), Ok(Some(0)));
        // Below min_gid, gid 0, and the group of an account of the same name.
        for min_gid in [1000, 1, 0] {
            assert_eq!(find(&group("root", Some(min_gid))), Ok(None));
            assert_eq!(find(&group("daemon", Some(min_gid))), Ok(None));
        }
    }
}
