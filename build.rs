//! Link flags of the module.
//!
//! A shared object that has thread-local destructors must stay mapped after `dlclose(3)`, so the
//! module is linked with `-z nodelete` (ld(1)). libpam loads and unloads its modules once for
//! every transaction.

fn main() {
    println!("cargo:rerun-if-changed=build.rs");
    println!("cargo:rustc-cdylib-link-arg=-Wl,-z,nodelete");
    println!("cargo:rustc-cdylib-link-arg=-Wl,-z,relro,-z,now");
}
