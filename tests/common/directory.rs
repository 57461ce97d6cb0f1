//! The directory that most tests use, and a writer of LDIF (RFC 2849).

/// The suffix of every tree.
pub const BASE: &str = "dc=example,dc=com";
/// Where the users are.
pub const USERS: &str = "ou=users,dc=example,dc=com";
/// Where the groups are.
pub const GROUPS: &str = "ou=groups,dc=example,dc=com";
/// The service account.
pub const SERVICE_DN: &str = "cn=svc,dc=example,dc=com";
/// The password of the service account.
pub const SERVICE_PASSWORD: &str = "service-secret";

/// The password of the user `name` in the trees made here.
pub fn password_of(name: &str) -> String {
    format!("{name}-secret")
}

/// The DN of a user whose name needs no escaping.
pub fn user_dn(name: &str) -> String {
    format!("uid={name},{USERS}")
}

/// The DN of a group whose name needs no escaping.
pub fn group_dn(name: &str) -> String {
    format!("cn={name},{GROUPS}")
}

/// `value` with every byte as `\XX`: a valid value in a DN whatever it holds (RFC 4514 §2.4).
pub fn hex_escaped(value: &str) -> String {
    value.bytes().map(|byte| format!("\\{byte:02x}")).collect()
}

/// A text in LDIF under construction.
#[derive(Clone, Debug, Default)]
pub struct Ldif(String);

impl Ldif {
    /// A tree with the suffix, `ou=users`, `ou=groups` and the service account.
    pub fn tree() -> Ldif {
        let mut ldif = Ldif::default();
        ldif.entry(
            BASE,
            &[
                ("objectClass", "dcObject"),
                ("objectClass", "organization"),
                ("o", "Example"),
            ],
        );
        for ou in [USERS, GROUPS] {
            ldif.entry(ou, &[("objectClass", "organizationalUnit")]);
        }
        ldif.entry(
            SERVICE_DN,
            &[
                ("objectClass", "organizationalRole"),
                ("objectClass", "simpleSecurityObject"),
                ("userPassword", SERVICE_PASSWORD),
            ],
        );
        ldif
    }

    /// Adds an entry. slapadd does not add the attribute of the RDN by itself, so this does where
    /// the RDN needs no unescaping and the attribute is not given. An attribute that is given as
    /// `name:` has its value in base64.
    pub fn entry(&mut self, dn: &str, attributes: &[(&str, &str)]) -> &mut Ldif {
        self.line("dn", dn);
        if let Some((name, value)) = dn.split(',').next().and_then(|rdn| rdn.split_once('=')) {
            let given = attributes.iter().any(|(a, _)| a.eq_ignore_ascii_case(name));
            if !given && !value.contains('\\') {
                self.line(name, value);
            }
        }
        // slapadd wants the values of an attribute side by side.
        for (place, (name, _)) in attributes.iter().enumerate() {
            if attributes[..place]
                .iter()
                .all(|(earlier, _)| earlier != name)
            {
                let values = attributes.iter().filter(|(other, _)| other == name);
                values.for_each(|(name, value)| self.line(name, value));
            }
        }
        self.0.push('\n');
        self
    }

    /// Adds `uid=NAME,ou=users,…` with the password of [`password_of`] and these attributes.
    /// Every byte of the name is escaped where that is needed.
    pub fn user(&mut self, name: &str, more: &[(&str, &str)]) -> &mut Ldif {
        let plain = name.bytes().all(|byte| byte.is_ascii_alphanumeric());
        let rdn = if plain {
            name.to_owned()
        } else {
            hex_escaped(name)
        };
        let password = password_of(name);
        let mail = format!("{name}@example.com");
        let mut attributes = vec![
            ("objectClass", "inetOrgPerson"),
            ("cn", name),
            ("uid", name),
        ];
        let given = |key: &str| more.iter().any(|(name, _)| *name == key);
        for (key, value) in [("sn", "Tester"), ("userPassword", password.as_str())] {
            if !given(key) {
                attributes.push((key, value));
            }
        }
        if plain && !given("mail") {
            attributes.push(("mail", &mail));
        }
        // An attribute that is given with an empty value is left out altogether.
        attributes.extend(more.iter().filter(|(_, value)| !value.is_empty()));
        self.entry(&format!("uid={rdn},{USERS}"), &attributes)
    }

    /// Adds a groupOfNames `cn=NAME,ou=groups,…`.
    pub fn group(&mut self, name: &str, members: &[&str]) -> &mut Ldif {
        let mut attributes = vec![("objectClass", "groupOfNames")];
        attributes.extend(members.iter().map(|member| ("member", *member)));
        self.entry(&group_dn(name), &attributes)
    }

    /// Adds a change of an entry: lines of a modification, such as `add: mail` and what follows.
    pub fn change(&mut self, dn: &str, lines: &str) -> &mut Ldif {
        self.line("dn", dn);
        self.0.push_str(&format!("changetype: modify\n{lines}\n\n"));
        self
    }

    /// The text.
    pub fn text(&self) -> &str {
        &self.0
    }

    fn line(&mut self, name: &str, value: &str) {
        let safe = !value.starts_with([' ', ':', '<'])
            && !value.ends_with(' ')
            && value
                .bytes()
                .all(|byte| byte.is_ascii() && !byte.is_ascii_control());
        let line = match safe {
            true => format!("{name}: {value}\n"),
            false => format!("{name}:: {}\n", base64(value.as_bytes())),
        };
        self.0.push_str(&line);
    }
}

/// The standard small directory: alice (active, staff), bob (active), sue (active, staff,
/// superuser) and carol, who is not active.
pub fn standard() -> Ldif {
    let mut ldif = Ldif::tree();
    for name in ["alice", "bob", "carol", "sue"] {
        ldif.user(name, &[("givenName", name)]);
    }
    let [alice, bob, sue] = ["alice", "bob", "sue"].map(user_dn);
    ldif.group("active", &[&alice, &bob, &sue]);
    ldif.group("staff", &[&alice, &sue]);
    ldif.group("superuser", &[&sue]);
    ldif
}

/// RFC 4648 §4.
fn base64(bytes: &[u8]) -> String {
    const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut text = String::new();
    for chunk in bytes.chunks(3) {
        let bits = (0..3).fold(0_u32, |bits, i| {
            bits << 8 | chunk.get(i).map_or(0, |b| u32::from(*b))
        });
        for place in 0..4 {
            let letter = ALPHABET[(bits >> (18 - 6 * place) & 63) as usize] as char;
            text.push(if place > chunk.len() { '=' } else { letter });
        }
    }
    text
}
