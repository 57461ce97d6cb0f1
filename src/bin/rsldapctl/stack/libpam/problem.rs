//! What can be wrong with service files.

use std::fmt;
use std::io;
use std::path::PathBuf;

use super::line::{Place, printable_path};

/// More than any host has; what is beyond is an accident or an attack.
pub const MOST_LINES: usize = 2_000;
/// The service whose lines stand in for those that a service has not got.
pub const DEFAULT_SERVICE: &str = "other";

/// What is wrong with a line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wrong {
    /// libpam cannot make sense of it, and lets it fail.
    Unreadable,
    /// It ends as lines do on Windows.
    CarriageReturn,
    /// There can be no module of this name.
    NoModule,
    /// libpam before 1.6.0 takes its end for another line.
    TooLong,
    /// It ends in a backslash, and which line continues it depends on the version of libpam.
    Loose,
    /// It includes a file that is not there.
    NoSuchFile,
    /// It includes a file that includes it.
    Circle,
    /// It includes too deep.
    TooDeep,
}

/// Something wrong with a line, that does not keep libpam from using the rest.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    pub place: Place,
    pub wrong: Wrong,
    /// In words.
    pub what: String,
}

/// Why there is no [`Service`](super::read::Service).
#[derive(Debug)]
pub enum ReadError {
    /// Neither the service nor `other` has a file.
    NoFile(String),
    /// There is no directory of service files below this one.
    NoDirectory(PathBuf),
    /// libpam reads this file in place of a directory.
    OneFile(PathBuf),
    /// A file cannot be read.
    Unreadable(io::Error),
    /// libpam gives up on the whole service.
    Refused(Place, String),
    /// libpam before 1.6.0 never gets past this line.
    Endless(Place),
    /// There is too much of it.
    TooMuch(Place),
}

impl fmt::Display for ReadError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            ReadError::NoFile(service) => write!(
                f,
                "there is no service file for {service}, and none for \"{DEFAULT_SERVICE}\" either: nobody can log in"
            ),
            ReadError::NoDirectory(root) => write!(
                f,
                "there is neither /etc/pam.d nor /etc/pam.conf below {}: give the directory that stands for / as --root",
                printable_path(root)
            ),
            ReadError::OneFile(file) => write!(
                f,
                "there is no /etc/pam.d, so libpam reads {}, which this command does not: give every service in it a \
                 file of its own in /etc/pam.d, without the first word of its lines",
                printable_path(file)
            ),
            ReadError::Unreadable(error) => write!(f, "{error}"),
            ReadError::Refused(place, why) => {
                write!(f, "{place}: {why}; libpam refuses the whole service")
            }
            ReadError::Endless(place) => write!(
                f,
                "{place}: the line and what continues it are as long as libpam's buffer before 1.6.0, and there it \
                 reads for ever: whoever logs in hangs; shorten the line"
            ),
            ReadError::TooMuch(place) => {
                write!(
                    f,
                    "{place}: more than {MOST_LINES} lines with those that are included"
                )
            }
        }
    }
}
