//! The arguments on the pam.d(5) line.

use std::ffi::{CStr, OsStr};
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

use crate::config::{DEFAULT_PATH, OnFailure};

/// What the pam.d line says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Args {
    /// `config=PATH`
    pub config: PathBuf,
    /// `debug`: log as with `log.level = "debug"`.
    pub debug: bool,
    /// `config_error=ignore|deny`: what a configuration that cannot be read does to the stack.
    pub config_error: OnFailure,
    /// `use_authtok`: the new password comes from the module above.
    pub use_authtok: bool,
    /// What is wrong with the line.
    pub problem: Option<String>,
}

impl Args {
    /// Reads the arguments. `use_first_pass`, `try_first_pass` and `use_authtok` are for
    /// pam_get_authtok(3), which finds them by itself.
    ///
    /// An argument that means nothing is a configuration error: `problem` says which, and the other
    /// arguments count all the same.
    #[must_use]
    pub fn parse(arguments: &[&CStr]) -> Self {
        let mut args = Args {
            config: PathBuf::from(DEFAULT_PATH),
            debug: false,
            config_error: OnFailure::Ignore,
            use_authtok: false,
            problem: None,
        };
        for argument in arguments {
            let argument = argument.to_bytes();
            match argument {
                b"debug" => args.debug = true,
                b"use_first_pass" | b"try_first_pass" => {}
                b"use_authtok" => args.use_authtok = true,
                b"config_error=ignore" => args.config_error = OnFailure::Ignore,
                b"config_error=deny" => args.config_error = OnFailure::Deny,
                _ => match argument.strip_prefix(b"config=").map(as_path) {
                    Some(path) if path.is_absolute() => args.config = path.to_owned(),
                    _ => args.complain(argument),
                },
            }
        }
        args
    }

    fn complain(&mut self, argument: &[u8]) {
        let argument = String::from_utf8_lossy(argument);
        let problem = if argument.starts_with("config=") {
            format!("the argument {argument} has to give an absolute path")
        } else if argument.starts_with("config_error=") {
            format!("the argument {argument} has to be config_error=ignore or config_error=deny")
        } else {
            format!(
                "there is no argument \"{argument}\"; those of this module are config=PATH, debug, \
                 use_first_pass, try_first_pass, use_authtok, config_error=ignore|deny"
            )
        };
        self.problem.get_or_insert(problem);
    }
}

fn as_path(bytes: &[u8]) -> &Path {
    Path::new(OsStr::from_bytes(bytes))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_arguments_mean_the_defaults() {
        let args = Args::parse(&[]);
        assert_eq!(args.config, Path::new("/etc/pam_rsldap/config.toml"));
        assert_eq!((args.debug, args.config_error), (false, OnFailure::Ignore));
        assert_eq!(args.problem, None);
    }

    #[test]
    fn all_arguments_are_known() {
        let args = Args::parse(&[
            c"config=/etc/x.toml",
            c"debug",
            c"use_first_pass",
            c"try_first_pass",
            c"use_authtok",
            c"config_error=deny",
        ]);
        assert_eq!(args.config, Path::new("/etc/x.toml"));
        assert_eq!((args.debug, args.config_error), (true, OnFailure::Deny));
        assert_eq!(args.problem, None);
    }

    #[test]
    fn what_means_nothing_is_a_problem_and_the_rest_counts() {
        for wrong in [
            c"frobnicate",
            c"",
            c"DEBUG",
            c"config=",
            c"config=x",
            c"config_error=maybe",
            c"\xff",
            c"debug=1",
        ] {
            let args = Args::parse(&[c"config_error=deny", wrong, c"config=/x"]);
            assert!(args.problem.is_some(), "{wrong:?}");
            assert_eq!(args.config, Path::new("/x"));
            assert_eq!(args.config_error, OnFailure::Deny);
        }
    }
}
