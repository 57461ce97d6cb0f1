"""Logs users in with django-auth-ldap, as another program asks for it.

Reads JSON from standard input, one object a line, and answers each with one line:

    {"policy": {...}}                     from here on, log in under these settings
    {"user": "...", "password": "..."}    log this user in

The verdicts are django-auth-ldap's own. This program translates the policy into its settings, and what
it logs and signals into one of four classes: granted, wrong, refused, error.
"""

import json
import logging
import sys

import django
from django.conf import settings

settings.configure(
    DATABASES={"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": ":memory:"}},
    INSTALLED_APPS=["django.contrib.contenttypes", "django.contrib.auth"],
    CACHES={"default": {"BACKEND": "django.core.cache.backends.locmem.LocMemCache"}},
    DEFAULT_AUTO_FIELD="django.db.models.AutoField",
    USE_TZ=True,
)
django.setup()

import ldap  # noqa: E402  Django has to be set up before these
from django.contrib.auth.models import Group, Permission, User  # noqa: E402
from django.contrib.contenttypes.models import ContentType  # noqa: E402
from django.core.cache import cache  # noqa: E402
from django.db import connection, transaction  # noqa: E402
from django_auth_ldap import backend as dal  # noqa: E402
from django_auth_ldap import config as dal_config  # noqa: E402

SCOPES = {"base": ldap.SCOPE_BASE, "onelevel": ldap.SCOPE_ONELEVEL, "subtree": ldap.SCOPE_SUBTREE}

# The reasons of AuthenticationFailed, which django-auth-ldap logs and does not hand out.
REASONS = {
    "failed to map the username to a DN.": "wrong",
    "user DN/password rejected by LDAP server.": "wrong",
    "user does not satisfy AUTH_LDAP_REQUIRE_GROUP": "refused",
    "user does not satisfy AUTH_LDAP_DENY_GROUP": "refused",
    "Error mirroring user groups": "error",
}


class Listener(logging.Handler):
    """Remembers what the login in progress logged and signalled."""

    def __init__(self):
        super().__init__(logging.DEBUG)
        self.begin()

    def begin(self):
        self.failure = None
        self.error = None

    def emit(self, record):
        if record.msg == "Authentication failed for %s: %s":
            self.failure = str(record.args[1])
        elif record.msg == "Rejecting empty password for %s":
            self.failure = "user DN/password rejected by LDAP server."

    def ldap_error(self, context, exception, **_):
        # The first error is the cause of what follows.
        self.error = self.error or f"{type(exception).__name__} ({context})"

    def verdict(self):
        """The class of a login that gave no user."""
        return "error" if self.error else REASONS[self.failure]


class Backend(dal.LDAPBackend):
    """django-auth-ldap, with its view of the user within reach."""

    ldap_user = None

    def authenticate_ldap_user(self, ldap_user, password):
        self.ldap_user = ldap_user
        return super().authenticate_ldap_user(ldap_user, password)


def search(searches):
    """A list of [base, scope, filter], as LDAPSearch or LDAPSearchUnion."""
    made = [dal_config.LDAPSearch(base, SCOPES[scope], text) for base, scope, text in searches]
    return made[0] if len(made) == 1 else dal_config.LDAPSearchUnion(*made)


def query(node):
    """A query tree, as LDAPGroupQuery."""
    if isinstance(node, str):
        return dal_config.LDAPGroupQuery(node)
    (operator, inner), = node.items()
    if operator == "not":
        return ~query(inner)
    parts = [query(part) for part in inner]
    whole = parts[0]
    for part in parts[1:]:
        whole = whole & part if operator == "all" else whole | part
    return whole


def flag(node):
    """A flag as administrators write it: a DN, or a list of them, or a query."""
    if isinstance(node, str):
        return node
    parts = node.get("any", [])
    if parts and all(isinstance(part, str) for part in parts):
        return parts
    return query(node)


def group_type(group):
    """The class of the group type, "posix_group", or the attribute that lists members."""
    kinds = {
        "group_of_names": "GroupOfNamesType",
        "group_of_unique_names": "GroupOfUniqueNamesType",
        "active_directory": "ActiveDirectoryGroupType",
        "organizational_role": "OrganizationalRoleGroupType",
        "posix_group": "PosixGroupType",
    }
    nested = "Nested" if group["nested"] else ""
    if group["type"] in kinds:
        return getattr(dal_config, nested + kinds[group["type"]])()
    return getattr(dal_config, nested + "MemberDNGroupType")(group["type"])


def ldap_settings(policy):
    made = dal_config.LDAPSettings()
    made.SERVER_URI = policy["uri"]
    made.BIND_DN, made.BIND_PASSWORD = policy["bind"]
    made.BIND_AS_AUTHENTICATING_USER = policy["as_user"]
    # The search stays, as in a settings file from which nobody took it away: the template wins.
    made.USER_DN_TEMPLATE = policy["template"]
    made.USER_SEARCH = search(policy["searches"])
    made.USER_ATTR_MAP = policy["attributes"]
    made.GROUP_TYPE = group_type(policy["group"])
    made.GROUP_SEARCH = search(policy["group"]["searches"])
    made.USER_FLAGS_BY_GROUP = {name: flag(node) for name, node in policy["flags"].items()}
    require = policy["require"]
    made.REQUIRE_GROUP = require if isinstance(require, (str, type(None))) else query(require)
    made.DENY_GROUP = policy["deny"]
    made.MIRROR_GROUPS, made.MIRROR_GROUPS_EXCEPT = policy["mirror"]
    made.CACHE_TIMEOUT = policy["cache"]
    return made


def text(value):
    """An attribute as JSON can have it. django-auth-ldap leaves bytes that are not UTF-8 as they are."""
    return {"bytes": value.hex()} if isinstance(value, bytes) else value


class Oracle:
    def __init__(self):
        self.listener = Listener()
        logger = logging.getLogger("django_auth_ldap")
        logger.addHandler(self.listener)
        logger.setLevel(logging.DEBUG)
        logger.propagate = False
        dal.ldap_error.connect(self.listener.ldap_error)
        self.policy = None
        self.settings = None

    def set_policy(self, policy):
        self.policy = policy
        self.settings = ldap_settings(policy)
        cache.clear()
        return {}

    def login(self, user, password):
        """One login, with no user known from before."""
        self.listener.begin()
        backend = Backend()
        backend.settings = self.settings
        with transaction.atomic():
            try:
                found = backend.authenticate(None, username=user, password=password)
                answer = self.answer(found)
            except Exception as error:  # Django would answer with HTTP 500
                answer = {"class": "error", "error": type(error).__name__}
            answer["names"] = self.names(backend.ldap_user, answer)
            transaction.set_rollback(True)
        return answer

    def answer(self, user):
        if user is None:
            return {"class": self.listener.verdict(), "error": self.listener.error}
        # The login form refuses whoever is not active, not the backend.
        verdict = "granted" if user.is_active else "refused"
        values = {field: getattr(user, field, "") for field in self.policy["attributes"]}
        return {
            "class": verdict,
            "flags": sorted(flag for flag in self.policy["flags"] if getattr(user, flag)),
            "groups": sorted(group.name for group in user.groups.all()),
            "attributes": {field: text(value) for field, value in values.items() if value != ""},
        }

    def names(self, ldap_user, answer):
        """The values of the name attribute of the entry, where a password was right."""
        if ldap_user is None or answer["class"] in ("wrong", "error"):
            return None
        try:
            values = (ldap_user.attrs or {}).get(self.policy["name_attribute"], [])
        except ldap.LDAPError:
            return None
        return [text(value) for value in values]


def main():
    with connection.schema_editor() as editor:
        for model in (ContentType, Permission, Group, User):
            editor.create_model(model)
    oracle = Oracle()
    for line in sys.stdin:
        request = json.loads(line)
        if "policy" in request:
            answer = oracle.set_policy(request["policy"])
        else:
            answer = oracle.login(request["user"], request["password"])
        print(json.dumps(answer), flush=True)


if __name__ == "__main__":
    main()
