//! The directories in which libpam looks for a service file.

use std::ffi::OsStr;
use std::fs::{self, File};
use std::io::{self, Read};
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};
use std::rc::Rc;

use super::line::printable_path;
use super::root;

const LARGEST_FILE: u64 = 4 << 20;

/// Where the service files are.
#[derive(Clone, Debug)]
pub struct Tree {
    root: PathBuf,
    directories: Vec<PathBuf>,
}

impl Tree {
    /// The directories of pam.conf(5) below a root directory.
    pub fn below(root: &Path) -> Tree {
        let directories = ["/etc/pam.d", "/usr/lib/pam.d", "/usr/etc/pam.d"];
        Tree {
            root: root.to_owned(),
            directories: directories.map(PathBuf::from).to_vec(),
        }
    }

    /// One directory and no other, as for pam_start_confdir(3).
    #[allow(dead_code, reason = "for the comparison with libpam")]
    pub fn only(directory: &Path) -> Tree {
        Tree {
            root: PathBuf::from("/"),
            directories: vec![directory.to_owned()],
        }
    }

    pub fn root(&self) -> &Path {
        &self.root
    }

    /// Whether one of the directories is there. Without any, libpam reads `/etc/pam.conf`.
    pub fn has_directory(&self) -> bool {
        let is_directory = |path: &PathBuf| {
            root::resolve(&self.root, path).is_ok_and(|resolved| resolved.is_dir())
        };
        self.directories.iter().any(is_directory)
    }

    /// The names of the services that have a file, as far as the directories may be read.
    pub fn services(&self) -> Vec<String> {
        let resolved = self.directories.iter();
        let resolved = resolved.filter_map(|path| root::resolve(&self.root, path).ok());
        let entries = resolved
            .filter_map(|path| fs::read_dir(path).ok())
            .flatten();
        let names = entries.filter_map(|entry| entry.ok()?.file_name().into_string().ok());
        names.collect()
    }

    /// `/etc/pam.conf`, if it is there.
    pub fn one_file(&self) -> Option<PathBuf> {
        let file = PathBuf::from("/etc/pam.conf");
        root::resolve(&self.root, &file)
            .is_ok_and(|resolved| resolved.exists())
            .then_some(file)
    }

    /// The first of the directories' files with this name, or the file with this path.
    ///
    /// # Errors
    /// It is there and cannot be read, or is no file.
    pub fn open(&self, name: &[u8]) -> io::Result<Option<(Rc<Path>, Vec<u8>)>> {
        let name = Path::new(OsStr::from_bytes(name));
        for directory in &self.directories {
            // An absolute name takes the directory's place.
            let path = directory.join(name);
            match self.bytes(&path) {
                Ok(bytes) => return Ok(Some((path.into(), bytes))),
                Err(error) if error.kind() == io::ErrorKind::NotFound => {}
                Err(error) => {
                    let file = printable_path(&path);
                    if error.kind() == io::ErrorKind::PermissionDenied {
                        let why = "permission denied; ask as root";
                        return Err(io::Error::other(format!("{file}: {why}")));
                    }
                    return Err(io::Error::other(format!("{file}: {error}")));
                }
            }
        }
        Ok(None)
    }

    fn bytes(&self, path: &Path) -> io::Result<Vec<u8>> {
        let path = root::resolve(&self.root, path)?;
        // Asked first, so that a named pipe is not waited for.
        if !fs::metadata(&path)?.is_file() {
            return Err(io::Error::other("this is not a regular file"));
        }
        let mut bytes = Vec::new();
        File::open(&path)?
            .take(LARGEST_FILE + 1)
            .read_to_end(&mut bytes)?;
        if bytes.len() as u64 > LARGEST_FILE {
            return Err(io::Error::other("the file is larger than 4 MiB"));
        }
        Ok(bytes)
    }
}
