//! One line of a stack, as [`read`](super::read) finds it and [`dispatch`](super::dispatch) walks it.

use std::fmt;
use std::path::{Path, PathBuf};
use std::rc::Rc;

use pam_rsldap::characters::excerpt;

use super::control::Control;

/// The management groups of pam.conf(5), there called types.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Facility {
    Auth,
    Account,
    Password,
    Session,
}

impl Facility {
    pub const ALL: [Facility; 4] = [
        Facility::Auth,
        Facility::Account,
        Facility::Password,
        Facility::Session,
    ];

    /// The word in a service file, in any case.
    pub fn parse(word: &[u8]) -> Option<Facility> {
        Facility::ALL
            .into_iter()
            .find(|facility| word.eq_ignore_ascii_case(facility.name().as_bytes()))
    }

    pub fn name(self) -> &'static str {
        match self {
            Facility::Auth => "auth",
            Facility::Account => "account",
            Facility::Password => "password",
            Facility::Session => "session",
        }
    }
}

/// Where a line stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    pub file: Rc<Path>,
    /// From 1.
    pub number: usize,
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let file = printable(self.file.as_os_str().as_encoded_bytes());
        write!(f, "{file}:{}", self.number)
    }
}

/// What a line does when its turn comes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Calls a module.
    Module {
        /// As it is written: a name, or a path.
        module: Vec<u8>,
        arguments: Vec<Vec<u8>>,
    },
    /// Fails, because libpam could not make sense of it.
    MustFail,
    /// Opens a substack: the lines behind it that are one level deeper.
    Substack,
}

/// A line of a stack.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Line {
    pub place: Place,
    pub kind: Kind,
    pub control: Control,
    /// How many substacks it is in.
    pub level: usize,
    /// Which reading of which file it comes from, an index into `Service::readings`.
    pub reading: usize,
}

impl Line {
    /// The module's name without directory and `.so`, or what stands in its place.
    pub fn name(&self) -> String {
        match &self.kind {
            Kind::Module { module, .. } => printable(module_name(module)),
            Kind::MustFail => "a line that libpam cannot read".to_owned(),
            Kind::Substack => "substack".to_owned(),
        }
    }

    /// Whether a module's file can have this name. libpam adds no suffix, and takes the carriage return
    /// of a Windows line end for a part of the name.
    pub fn can_be_loaded(&self) -> bool {
        match &self.kind {
            Kind::Module { module, .. } => is_file_of_module(module),
            Kind::MustFail | Kind::Substack => true,
        }
    }

    /// Whether the module gets this argument.
    pub fn has_argument(&self, word: &str) -> bool {
        self.arguments()
            .iter()
            .any(|argument| argument == word.as_bytes())
    }

    pub fn arguments(&self) -> &[Vec<u8>] {
        match &self.kind {
            Kind::Module { arguments, .. } => arguments,
            Kind::MustFail | Kind::Substack => &[],
        }
    }
}

/// The base name without what follows its last dot.
pub fn module_name(path: &[u8]) -> &[u8] {
    let base = path.rsplit(|byte| *byte == b'/').next().unwrap_or_default();
    let dot = base.iter().rposition(|byte| *byte == b'.');
    &base[..dot.unwrap_or(base.len())]
}

pub fn is_file_of_module(path: &[u8]) -> bool {
    let numbered = path.windows(4).any(|part| part == b".so.");
    path.ends_with(b".so") || (numbered && !path.ends_with(b"\r"))
}

/// One reading of a file; a file that is included twice is read twice.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reading {
    pub file: Rc<Path>,
    /// The reading that includes it.
    pub parent: Option<usize>,
    /// Whether it is a substack, or lines of the file that includes it.
    pub substack: bool,
}

/// What a terminal may be given of a file's text: control characters, and bytes that are no UTF-8,
/// become `?`, and it is cut where it is long.
pub fn printable(bytes: &[u8]) -> String {
    excerpt(&String::from_utf8_lossy(bytes).replace(char::REPLACEMENT_CHARACTER, "?"))
}

/// A path for a message.
pub fn printable_path(path: &Path) -> String {
    printable(PathBuf::from(path).as_os_str().as_encoded_bytes())
}
