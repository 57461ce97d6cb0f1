//! The text of the file becomes a [`Config`].

use std::path::Path;

use toml::de::DeTable;

use super::error::ConfigError;
use super::query::Flags;
use super::source::{Section, Source};
use super::{Config, sections};

/// Takes the text of a configuration apart and checks every value. `path` is for the messages.
///
/// # Errors
/// The first mistake, with its line, column and key.
pub fn parse(text: &str, path: &Path) -> Result<Config, ConfigError> {
    let source = Source::new(text, path);
    let table = DeTable::parse(source.text()).map_err(|error| source.syntax_error(&error))?;
    let root = Section::root(&source, table.get_ref())?;
    read(&root)
}

fn read(root: &Section<'_>) -> Result<Config, ConfigError> {
    let server = sections::server::server(&root.section("server")?)?;
    let tls = sections::server::tls(&root.section("tls")?)?;
    let bind = sections::bind::bind(&root.section("bind")?)?;
    let user = sections::user::user(&root.section("user")?)?;
    let group = sections::group::group(&root.section("group")?)?;
    let flags = root.section("flags")?;
    let flags = Flags::read(&flags)?;
    let password = sections::session::password(&root.section("password")?, &server)?;
    Ok(Config {
        server,
        tls,
        bind,
        user,
        access: sections::gates::access(&root.section("access")?, &flags)?,
        services: sections::gates::services(&root.section("services")?, &flags)?,
        session: sections::session::session(&root.section("session")?, &flags, &group)?,
        group,
        flags: flags.into_queries(),
        cache: sections::session::cache(&root.section("cache")?)?,
        offline: sections::session::offline(&root.section("offline")?)?,
        password,
        fallback: sections::outcome::fallback(&root.section("fallback")?)?,
        log: sections::outcome::log(&root.section("log")?)?,
    })
}
