//! The command line. Its words are the help, the completions and, by `examples/manual.rs`, the manual page.
//!
//! The first paragraph is what `-h` says; `--help` and the page have all of it. It is plain text in lines
//! of a terminal's width. What is indented stands as it is written.

// A table of the configuration such as [tls] is no link, and what is indented no program.
#![allow(rustdoc::broken_intra_doc_links, rustdoc::invalid_rust_codeblocks)]

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};
use clap_complete::Shell;
use pam_rsldap::config::DEFAULT_PATH;

/// Above the options that every command takes.
const EVERYWHERE: &str = "Options of all commands";

/// Check the configuration of pam_rsldap and explain its decisions
///
/// rsldapctl is the administrator's command for pam_rsldap(8). It reads the
/// same configuration and uses the same code as the module. It answers on
/// standard output: on a terminal with colours and in columns, elsewhere with
/// one tab between the cells of a table.
///
/// Passwords are never taken from the command line, and never printed.
#[derive(Parser)]
#[command(name = "rsldapctl", version, verbatim_doc_comment)]
pub struct Command {
    /// The configuration
    #[arg(
        long,
        global = true,
        help_heading = EVERYWHERE,
        value_name = "PATH",
        default_value = DEFAULT_PATH
    )]
    pub config: PathBuf,
    /// Answer with one JSON object
    ///
    /// rsldapctl(8) lists its members under JSON.
    #[arg(long, global = true, help_heading = EVERYWHERE)]
    pub json: bool,
    /// What is asked.
    #[command(subcommand)]
    pub action: Action,
}

/// What is asked.
#[derive(Subcommand)]
pub enum Action {
    /// Is the configuration right?
    ///
    /// First come the files: syntax, keys and values of the configuration, owner
    /// and mode of it, of bind.password_file and of their directories, the
    /// certificates and keys of [tls]. Then, if nothing is wrong with these, every
    /// server is asked, not the first alone: is it there and to be trusted, does it
    /// accept the bind for lookups, do the bases exist and is anybody there, does
    /// each group that is named anywhere exist, and is it a group as group.type has
    /// it?
    ///
    /// On top is a paragraph for each server: its kind, address, how long
    /// connecting and one answer took, TLS, its certificate and what signed it with
    /// the days that are left, how lookups are made, and whether users' entries
    /// have memberOf. What a server shows that is not trusted is there too.
    ///
    /// Then come the findings, each with what is wrong, where it comes from
    /// (FILE:LINE), at which servers it is so, why it matters, and how to mend it.
    /// An ERROR makes logins fail or lets somebody in; a WARNING is weaker than it
    /// should be, or will not work for long; a note may be meant. rsldapctl(8) lists
    /// them under FINDINGS OF CHECK.
    #[command(verbatim_doc_comment)]
    Check {
        /// Look at the files alone; nothing is sent to a server
        #[arg(long)]
        offline: bool,
    },
    /// How would a login of USER end, and why?
    ///
    /// Goes through a login of USER with the code of the module. The first line is
    /// the answer; lines with "but" are what else may keep USER out, or let USER in.
    /// Then come the steps as a tree with times: the account on this host, and
    /// whether the name never reaches the directory and why; the servers that could
    /// not be used, the one that was, and how the way there is protected; the bind
    /// for lookups; the searches that were sent, and the entries that came back; the
    /// user's bind, with the sub-code of Active Directory or the state of the
    /// password in words; the state of the account by each of the families of
    /// access.account_state; each gate with each group in it, and what was asked
    /// about it; the outcome, and the PAM return codes for auth and account under the
    /// [fallback] of this configuration; and what the application gets for that from
    /// the stack of the service, as "rsldapctl stack" works it out.
    ///
    /// A login asks about no more groups than it needs to. This command asks about
    /// the rest as well, so that each has an answer. A group is true, false, not
    /// there, or unreadable, where the server would not say.
    ///
    /// The servers are asked each time: what the module remembers of groups,
    /// refusals and good passwords is told to root, and neither used nor changed.
    /// While no server answers, the return codes are those of the last known refusal,
    /// if there is one. Down markers are read and written as by a login.
    ///
    /// Without a password it stops short of the user's bind, and goes on as the
    /// account phase does, as in a login with an ssh key.
    #[command(verbatim_doc_comment)]
    Explain {
        /// The login name
        user: String,
        /// The PAM service, as in /etc/pam.d
        ///
        /// Its gate, if there is one, is [services.NAME].
        #[arg(long, value_name = "NAME", default_value = "sshd")]
        service: String,
        /// Read the password from standard input and try it, too
        ///
        /// It is the first line there, and is offered to the server as a login
        /// does. A terminal is asked for it, and does not show what is typed. A
        /// wrong password counts as a failed try at the server.
        #[arg(long, verbatim_doc_comment)]
        password_stdin: bool,
    },
    /// What does the application get, and is its stack right?
    ///
    /// Reads the file of SERVICE in /etc/pam.d with everything that it includes, and
    /// goes through it by the rules of pam.conf(5), for each outcome of the module,
    /// with every answer that the other modules may give. No module is called,
    /// nobody is logged in, and no server is asked.
    ///
    /// First comes a table: what the application gets in auth and in account, if the
    /// other modules that know passwords and accounts, such as pam_unix(8), say yes,
    /// and if they say no. Dots (...) stand for other codes that are possible as
    /// well. What the module itself answers depends on [fallback] in the
    /// configuration: that of config= on the module's line, or else that of
    /// --config. If a password line calls the module, another table shows what
    /// passwd(1) gets, or a login that has the password changed, in both passes.
    ///
    /// Then come the findings, each with where it is, why it matters, and what to
    /// write instead. A WARNING has to be mended; a note may be meant.
    /// rsldapctl(8) lists them under FINDINGS OF STACK.
    ///
    /// What a module may answer is known of those of Linux-PAM and of some others.
    /// One that is not known may say yes or no. A service that libpam would refuse
    /// as a whole is an error. Where there is no /etc/pam.d, libpam reads
    /// /etc/pam.conf; that is an error here.
    #[command(verbatim_doc_comment)]
    Stack {
        /// The PAM service, as in /etc/pam.d
        service: String,
        /// The directory that stands for /
        ///
        /// The files below it are taken in place of those of this host: an
        /// image, another distribution's files, a stack that is not yet in use.
        /// The default configuration is looked for there, too.
        #[arg(long, value_name = "DIR", default_value = "/", verbatim_doc_comment)]
        root: PathBuf,
    },
    /// Which servers are up, and what does this machine remember?
    ///
    /// Asks each server, tells for how long its certificate is good, and shows its
    /// down marker: how old, why, and whether logins still go by it
    /// (server.retry_after). Then comes how much is kept in /run/pam_rsldap and
    /// /var/lib/pam_rsldap. Nothing is changed; markers are for root to see.
    #[command(verbatim_doc_comment)]
    Status,
    /// What does this machine remember of its users? For root
    #[command(subcommand)]
    Cache(Cache),
    /// The user's ssh keys, if the user may log in: for sshd
    ///
    /// Prints the values of the user's sshPublicKey, one on a line, if the account
    /// phase for this service would let the user in: the gates are open and the
    /// account is not disabled, locked or expired. Otherwise, and while the
    /// directory is down, nothing is printed; standard error says why, in one line.
    /// Only values that are one line with type, material and comment are printed,
    /// none with options in front. If values are left out, or there are none,
    /// standard error says so; the exit status is still 0. For an account that
    /// never reaches the directory, such as root, nothing is printed, and the exit
    /// status is 0.
    ///
    /// This is for the AuthorizedKeysCommand of sshd(8), which runs it as a user
    /// without rights:
    ///
    ///     AuthorizedKeysCommand /usr/sbin/rsldapctl keys %u
    ///     AuthorizedKeysCommandUser rsldapkeys
    ///
    /// That user has to be able to read the configuration (mode 0644) and, if there
    /// is one, bind.password_file:
    ///
    ///     useradd --system --shell /usr/sbin/nologin rsldapkeys
    ///     chgrp rsldapkeys /etc/pam_rsldap/bind-password
    ///     chmod 0640 /etc/pam_rsldap/bind-password
    ///
    /// Such a user reads no down markers, so that a server that is down is tried
    /// each time; keep server.connect_timeout short. Keys in ~/.ssh/authorized_keys
    /// still count, unless AuthorizedKeysFile is none.
    #[command(verbatim_doc_comment)]
    Keys {
        /// The login name
        user: String,
        /// The PAM service, as in /etc/pam.d
        ///
        /// Its gate, if there is one, is [services.NAME].
        #[arg(long, value_name = "NAME", default_value = "sshd")]
        service: String,
    },
    /// What is another program's configuration here?
    ///
    /// Prints a configuration for pam_rsldap(8). Each value has in a comment the
    /// line that it comes from. Comments with TODO are what has to be done by hand,
    /// those with WARNING what works otherwise than there; at the end is what has no
    /// equivalent, and why.
    ///
    /// The file is read and never run. Of Python, what is made of literals is
    /// computed: strings and their formatting, lists, dictionaries, names that were
    /// set before, the classes of django-auth-ldap. A variable of the environment
    /// counts as its default; where it decides who may log in, that is a TODO.
    /// Whatever else a setting is made of is named in a TODO, and so is code that may
    /// set anything (import *, exec, setattr, globals). A gate that cannot be told is
    /// written as FILL_IN. While anything is marked TODO the module refuses the file,
    /// so that nothing is open by mistake: where nothing else would make it do so,
    /// access.require has FILL_IN.
    ///
    /// Passwords are not copied. In their place stands bind.password_file, with a
    /// comment that says how to make the file.
    ///
    /// flags.is_active is required. Where the source has none, it is what every
    /// login needs there (AUTH_LDAP_REQUIRE_GROUP, pam_groupdn, pam_authz_search,
    /// simple_allow_groups, ldap_access_filter), or --is-active. Where there is none
    /// of these either, everybody may log in there, and somebody has to choose a
    /// group.
    ///
    /// Files longer than 256 KiB, those that are no text, and YAML are refused.
    #[command(verbatim_doc_comment)]
    Import(Import),
    /// Print a script that completes this command's words in a shell
    ///
    /// Put it where the shell looks for such scripts:
    ///
    ///     cd /usr/share/bash-completion/completions
    ///     rsldapctl completions bash > rsldapctl
    ///
    ///     cd /usr/local/share/zsh/site-functions
    ///     rsldapctl completions zsh > _rsldapctl
    ///
    ///     cd /usr/share/fish/vendor_completions.d
    ///     rsldapctl completions fish > rsldapctl.fish
    #[command(verbatim_doc_comment)]
    Completions {
        /// bash, elvish, fish, powershell or zsh
        #[arg(hide_possible_values = true)]
        shell: Shell,
    },
}

/// What is wanted of what this machine remembers.
#[derive(Subcommand)]
pub enum Cache {
    /// What is remembered, of all or of USER? Nothing is changed
    ///
    /// For root. No server is asked. There is a line for each thing: its kind, whom
    /// it is about, when it was learnt, and what it is worth:
    ///
    ///     cache     whether what is remembered of the user's groups is fresh,
    ///               too old (for cache.groups), of other configuration, or
    ///               off: this configuration has no such cache
    ///     refusal   which outcome stands while no server answers, for which
    ///               services, and why; what "another configuration" asked
    ///               for counts for nothing now
    ///     offline   whether a password may be tried while no server answers
    ///               (offline.credentials): usable, expired, locked for five
    ///               minutes after wrong passwords, clock behind what it has
    ///               shown, other configuration, or off; what has been
    ///               granted and until when it counts; how many wrong
    ///               passwords there were in a row
    ///     marker    what was wrong with the server, and whether logins still
    ///               go by it
    ///     unusable  why the file counts for nothing: damaged, not root's
    ///               alone, sealed on another machine, not finished, not of
    ///               this module; the module removes damaged files at the
    ///               user's next login
    ///
    /// A service is named where its gates are its own and it has a table
    /// [services.NAME] or a file in /etc/pam.d. Of an offline login neither password
    /// nor verifier is shown, of the cache no attribute.
    #[command(verbatim_doc_comment)]
    List {
        /// Of this user alone
        user: Option<String>,
    },
    /// Forget the group cache and the down markers; of USER: the group cache
    ///
    /// For root. The next login asks the directory, and tries every server. With
    /// USER the cache of that user goes, and nothing else. The configuration is not
    /// read.
    ///
    /// Last known refusals and offline logins stay, and are listed as kept, because
    /// losing them is no matter of freshness: who is refused could be let in, and
    /// who is let in could be locked out, while no server answers. They go where it
    /// is asked for, with --refusals and --offline.
    ///
    /// Each file is removed under the lock of the logins that write it. One that is
    /// damaged goes with its kind; what is not of this module stays. A login that
    /// goes on at the same time may leave something new.
    #[command(verbatim_doc_comment)]
    Flush {
        /// Of this user alone
        user: Option<String>,
        /// The last known refusals, too
        ///
        /// Until the directory refuses the user again, an outage ends the
        /// user's logins as unavailable, which by default leaves the decision
        /// to the rest of the stack.
        #[arg(long, verbatim_doc_comment)]
        refusals: bool,
        /// The offline logins, too
        ///
        /// They are a verifier of the password and what was granted. There is
        /// none again until the next login that the directory grants.
        #[arg(long, verbatim_doc_comment)]
        offline: bool,
    },
}

/// What is to be imported.
#[derive(Args)]
pub struct Import {
    /// The file of the other program; - for standard input
    pub file: PathBuf,
    /// Whose configuration it is, if name and content do not tell
    #[arg(long, value_name = "FORMAT", value_enum)]
    pub from: Option<Format>,
    /// The domain of sssd.conf
    ///
    /// By default it is the first active one of the LDAP provider.
    #[arg(long, value_name = "NAME")]
    pub domain: Option<String>,
    /// The group whose members may log in
    ///
    /// This is for a file that names none.
    #[arg(long, value_name = "DN")]
    pub is_active: Option<String>,
}

/// A program whose configuration can be imported.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Format {
    /// ldap_config.py of NetBox, settings.py of Django
    Netbox,
    /// An environment file of NetBox's container image
    NetboxDocker,
    /// nslcd.conf of nss-pam-ldapd
    Nslcd,
    /// sssd.conf, a domain of the LDAP provider
    Sssd,
    /// ldap.conf or pam_ldap.conf of PADL's pam_ldap
    Padl,
}
