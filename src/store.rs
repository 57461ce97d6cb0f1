//! What the machine remembers between processes, in files that only root can read or write.

pub mod down;
mod place;
