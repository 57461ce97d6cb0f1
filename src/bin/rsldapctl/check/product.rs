//! What kind of server it is, by what its root says (RFC 4512 §5.1, RFC 3045; MS-ADTS 3.1.1.3.4.3).

use pam_rsldap::config::{GroupSchema, Scope};
use pam_rsldap::directory::DirectoryError;
use pam_rsldap::directory::inspect::{Found, Inspector, Look, Shown};
use pam_rsldap::template::Filter;
use serde::Serialize;

use super::finding::{Finding, Places, Severity};
use super::online::Server;

/// Those that differ in something that matters here.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Product {
    #[serde(rename = "openldap")]
    OpenLdap,
    ActiveDirectory,
    #[serde(rename = "389ds")]
    Ds389,
    Unknown,
}

impl Product {
    pub fn name(self) -> &'static str {
        match self {
            Product::OpenLdap => "OpenLDAP",
            Product::ActiveDirectory => "Active Directory",
            Product::Ds389 => "389 Directory Server",
            Product::Unknown => "unknown",
        }
    }

    fn of(root: &Shown) -> Product {
        const ACTIVE_DIRECTORY: &str = "1.2.840.113556.1.4.800";
        let vendor = root.texts("vendorName").join(" ");
        let has_class = |name: &str| {
            let classes = root.texts("objectClass");
            classes.iter().any(|class| class.eq_ignore_ascii_case(name))
        };
        if root
            .texts("supportedCapabilities")
            .contains(&ACTIVE_DIRECTORY)
        {
            Product::ActiveDirectory
        } else if vendor.contains("389") || vendor.contains("Red Hat") {
            Product::Ds389
        } else if has_class("OpenLDAProotDSE") || vendor.contains("OpenLDAP") {
            Product::OpenLdap
        } else {
            Product::Unknown
        }
    }

    /// Whether `group.type` is one for this kind of server.
    pub fn unfit(self, schema: &GroupSchema, places: &Places) -> Option<Finding> {
        let groups_of_ad = *schema == GroupSchema::ActiveDirectory;
        let (what, why, fix) = match (self, groups_of_ad) {
            (Product::ActiveDirectory, false) => (
                "the server is Active Directory, and group.type is not",
                "a user's primary group does not list its members, and counts only with this type",
                "write type = \"active_directory\" below [group], and name_attribute = \"sAMAccountName\" below [user]",
            ),
            (Product::OpenLdap | Product::Ds389, true) => (
                "group.type is \"active_directory\", and the server is not",
                "primary and nested groups are looked for as Active Directory has them, and are not found",
                "write type = \"group_of_names\", or what the groups are, below [group]",
            ),
            _ => return None,
        };
        let finding = Finding::new(Severity::Warning, "group_type_unfit", what);
        Some(finding.at(places.of_key("group.type")).why(why).fix(fix))
    }
}

/// What the server says of itself. One that does not is none of the known kinds.
pub fn root(inspector: &mut Inspector, server: &mut Server) -> Result<Product, DirectoryError> {
    let look = Look {
        base: "",
        scope: Scope::Base,
        filter: &Filter::any(),
        attributes: &[
            "objectClass",
            "vendorName",
            "vendorVersion",
            "supportedCapabilities",
        ],
        names_only: false,
        limit: 1,
    };
    let found = inspector.look(look)?;
    let root = match &found {
        Found::Entries(entries) => entries.first(),
        Found::NoSuchEntry | Found::Withheld(_) => None,
    };
    let product = root.map_or(Product::Unknown, Product::of);
    server.product = Some(product);
    server.vendor = root.and_then(|root| {
        let words = [root.texts("vendorName"), root.texts("vendorVersion")].concat();
        (!words.is_empty()).then(|| words.join(" "))
    });
    Ok(product)
}
