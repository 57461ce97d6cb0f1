//! What libpam makes of the service files, without calling it: [`read`] turns files into lines,
//! [`dispatch`] walks them. pam.conf(5) is the reference, and where it is silent the behaviour was
//! measured with Linux-PAM 1.5.2 and 1.7.0; `tests/pamstack` compares both with the installed library.
//!
//! Nothing here names another module of this project, so that the test can include the directory.

pub mod code;
pub mod control;
pub mod dispatch;
pub mod line;
pub mod problem;
pub mod read;
pub mod root;
pub mod text;
pub mod tree;
