//! Link flags of the module.

use std::process::Command;

fn main() {
    println!("cargo:rerun-if-changed=build.rs");
    // A shared object that has thread-local destructors must stay mapped after dlclose(3), and libpam
    // loads and unloads its modules once for every transaction.
    println!("cargo:rustc-cdylib-link-arg=-Wl,-z,nodelete");
    println!("cargo:rustc-cdylib-link-arg=-Wl,-z,relro,-z,now");
    // A tenth of the module would be relative relocations. Linkers that cannot pack them ignore this.
    if unpacks_relocations() {
        println!("cargo:rustc-cdylib-link-arg=-Wl,-z,pack-relative-relocs");
    }
}

/// Whether this host's libc reads packed relocations: glibc does since 2.36. A module for another
/// kind of host gets none.
fn unpacks_relocations() -> bool {
    let same_host = std::env::var("HOST").ok() == std::env::var("TARGET").ok();
    let output = Command::new("getconf").arg("GNU_LIBC_VERSION").output();
    let text = output.map(|output| String::from_utf8_lossy(&output.stdout).into_owned());
    let version = text.ok().and_then(|text| {
        let (major, minor) = text.trim().strip_prefix("glibc ")?.split_once('.')?;
        Some((major.parse::<u32>().ok()?, minor.parse::<u32>().ok()?))
    });
    same_host && version.is_some_and(|version| version >= (2, 36))
}
