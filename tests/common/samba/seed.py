"""Who is in the domain. Written straight into its database before the controller starts."""

import glob
import os
import time

from samba import dsdb, ldb
from samba.auth import system_session
from samba.dcerpc import security
from samba.ndr import ndr_unpack
from samba.param import LoadParm
from samba.samdb import SamDB

PRIVATE = "/var/lib/samba/private"
DAY = 86400


def file_time(seconds):
    """100 ns since 1601-01-01, as Active Directory counts."""
    return str((int(seconds) + 11644473600) * 10**7)


parameters = LoadParm()
parameters.load("/etc/samba/smb.conf")
database = SamDB(
    url=os.path.join(PRIVATE, "sam.ldb"), session_info=system_session(), lp=parameters
)
base = database.domain_dn()


def replace(target, dn, **values):
    message = ldb.Message(ldb.Dn(target, str(dn)))
    for name, value in values.items():
        message[name] = ldb.MessageElement(value, ldb.FLAG_MOD_REPLACE, name)
    target.modify(message)


def person(name, unit="OU=People", **values):
    database.newuser(
        name,
        "Secret.%s.1" % name,
        userou=unit,
        useusernameascn=True,
        givenname=name.capitalize(),
        surname="Tester",
        mailaddress="%s@example.com" % name,
    )
    dn = "CN=%s,%s,%s" % (name, unit, base)
    if values:
        replace(database, dn, **values)
    return dn


# A small policy: passwords may be changed at once, and four wrong ones lock an account for half an hour.
replace(
    database,
    base,
    minPwdAge="0",
    lockoutThreshold="4",
    lockoutDuration=str(-30 * 60 * 10**7),
    lockOutObservationWindow=str(-30 * 60 * 10**7),
)
for unit in ("People", "Groups", "Service Accounts"):
    database.create_ou("OU=%s,%s" % (unit, base))
person("svc-linux", "OU=Service Accounts")

now = time.time()
ACTIVE = {
    "alice": {},
    "bob": {},
    "changer": {},
    "picky": {},
    "joiner": {},
    "changes-first": {"pwdLastSet": "0"},
    "changes-late": {},
    "carol": {},
    "elsewhere": {},
    # Both values say "never".
    "never-zero": {"accountExpires": "0"},
    "never-max": {"accountExpires": str(2**63 - 1)},
    "ends-tomorrow": {"accountExpires": file_time(now + DAY)},
    "ended": {"accountExpires": file_time(now - DAY)},
    "must-change": {"pwdLastSet": "0"},
    "no-hours": {"logonHours": b"\0" * 21},
    "no-stations": {"userWorkstations": "elsewhere"},
    "disabled": {},
    "ended-disabled": {"accountExpires": file_time(now - DAY)},
    "guessed": {},
    "guessed-long-ago": {},
    "guessed-today": {},
    "ran-out": {},
    "ran-out-never": {},
    "zo\u00eb": {},
}
for name, values in ACTIVE.items():
    person(name, **values)
# A common name that needs escaping in a DN.
database.newuser(
    "comma", "Secret.comma.1", userou="OU=People", givenname="Con, \"a+b\"=#", surname="O;<Hara>"
)
person("mallory")
person("outsider")
person("outsider-disabled")
person("outsider-must-change", pwdLastSet="0")
for name in ("disabled", "ended-disabled", "outsider-disabled"):
    database.disable_account("(sAMAccountName=%s)" % name)
database.setexpiry("(sAMAccountName=ran-out-never)", 0, no_expiry_req=True)

GROUPS = {
    "linux-users": [*ACTIVE, "comma", "mallory"],
    "linux-staff": ["alice"],
    "linux-admins": ["alice"],
    # Each is a member of the next.
    "inner": ["carol"],
    "middle": ["inner"],
    "outer": ["middle"],
    "circle-a": ["carol"],
    "circle-b": ["circle-a"],
    "of-everybody": ["Domain Users"],
    "first": ["elsewhere"],
}
for name, members in GROUPS.items():
    database.newgroup(name, groupou="OU=Groups")
    database.add_remove_group_members(name, members)
database.add_remove_group_members("circle-a", ["circle-b"])
database.newgroup(
    "distribution", groupou="OU=Groups", grouptype=dsdb.GTYPE_DISTRIBUTION_GLOBAL_GROUP
)
database.add_remove_group_members("distribution", ["inner"])
# The group that "elsewhere" has instead of "Domain Users".
first = database.search(base, expression="(sAMAccountName=first)", attrs=["objectSid"])[0]
rid = ndr_unpack(security.dom_sid, first["objectSid"][0]).split()[1]
replace(database, "CN=elsewhere,OU=People," + base, primaryGroupID=str(rid))

# What only the controller itself writes goes into the file of the domain's partition, beneath the
# modules that would refuse it.
del database
partition = [
    path
    for path in glob.glob(os.path.join(PRIVATE, "sam.ldb.d/*.ldb"))
    if os.path.basename(path).upper() == base.upper() + ".LDB"
]
raw = ldb.Ldb(partition[0])
for name, values in {
    # The domain's passwords live for 42 days.
    "ran-out": {"pwdLastSet": file_time(now - 90 * DAY)},
    "changes-late": {"pwdLastSet": file_time(now - 90 * DAY)},
    "ran-out-never": {"pwdLastSet": file_time(now - 90 * DAY)},
    "guessed-today": {"lockoutTime": file_time(now), "badPwdCount": "4"},
    # A principal name that is the name of an account: old controllers let this happen.
    "mallory": {"userPrincipalName": "bob"},
    "guessed-long-ago": {"lockoutTime": file_time(now - DAY), "badPwdCount": "4"},
}.items():
    replace(raw, "CN=%s,OU=People,%s" % (name, base), **values)
