//! Servers for tests that only read.

use std::ops::Deref;
use std::sync::Mutex;

use super::{Slapd, SlapdOptions, lock};

/// A server that nobody else uses until this is dropped.
///
/// Starting one costs some tenths of a second, so tests that only read take one from a pool. All
/// of a pool hold the same directory.
pub struct Lease {
    pool: &'static Pool,
    slapd: &'static Slapd,
}

impl Deref for Lease {
    type Target = Slapd;

    fn deref(&self) -> &Slapd {
        self.slapd
    }
}

impl Drop for Lease {
    fn drop(&mut self) {
        lock(&self.pool.idle).push(self.slapd);
    }
}

/// Servers with one directory, as many as tests run at the same time. Make it a `static`.
pub struct Pool {
    options: fn() -> SlapdOptions,
    idle: Mutex<Vec<&'static Slapd>>,
}

impl Pool {
    pub const fn new(options: fn() -> SlapdOptions) -> Pool {
        Pool {
            options,
            idle: Mutex::new(Vec::new()),
        }
    }

    /// A server for this test alone, which must leave it as it was: running and unchanged.
    pub fn lease(&'static self) -> Lease {
        let idle = lock(&self.idle).pop();
        let slapd = idle.unwrap_or_else(|| Slapd::start(&(self.options)()).until_exit());
        Lease { pool: self, slapd }
    }
}
