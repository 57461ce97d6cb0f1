# A 389 Directory Server, in an enclosure. Its directories are copies and empty ones in memory.
cp -a /etc/dirsrv etc-dirsrv
for directory in /etc/dirsrv /var/lib/dirsrv /var/log/dirsrv /run; do
    mkdir -p "$directory"
    mount -t tmpfs -o mode=0755 dirsrv "$directory"
done
mount -t tmpfs -o mode=1777 dirsrv /dev/shm
cp -a etc-dirsrv/. /etc/dirsrv/
mkdir -p /run/lock/dirsrv /run/dirsrv
chown dirsrv:dirsrv /etc/dirsrv /var/lib/dirsrv /var/log/dirsrv /run/lock/dirsrv /run/dirsrv
# Its tools call systemctl unless this file says otherwise; "systemd = False" below is not enough.
sed 's/^with_systemd = 1/with_systemd = 0/' /usr/share/dirsrv/inf/defaults.inf >defaults.inf
mount --bind defaults.inf /usr/share/dirsrv/inf/defaults.inf
cat >instance.inf <<END
[general]
config_version = 2
systemd = False
selinux = False
start = False
full_machine_name = localhost
strict_host_checking = False
[slapd]
instance_name = test
port = 389
secure_port = 636
root_password = $MANAGER_PASSWORD
self_sign_cert = True
[backend-userroot]
suffix = dc=example,dc=com
sample_entries = yes
END
echo creating the instance
dscreate -v from-file instance.inf >dscreate.log 2>&1 || {
    cat dscreate.log
    exit 1
}
if server=$(cat /run/dirsrv/slapd-test.pid 2>/dev/null); then
    kill "$server" 2>/dev/null || true
    while kill -0 "$server" 2>/dev/null; do sleep 0.05; done
fi
cd /etc/dirsrv/slapd-test
openssl pkcs12 -export -in "$OLDPWD/server.pem" -inkey "$OLDPWD/server.key" -name Test-Cert \
    -passout pass: -out "$OLDPWD/server.p12"
pk12util -d . -k pwdfile.txt -i "$OLDPWD/server.p12" -W ""
certutil -A -d . -f pwdfile.txt -n Test-CA -t CT,, -i "$OLDPWD/ca.pem"
chown dirsrv:dirsrv ./*.db
# The certificate above, and memberOf, which a running server does not switch on.
awk '/^dn: / { memberof = /^dn: cn=MemberOf Plugin,/ }
    memberof && /^nsslapd-pluginEnabled:/ { $0 = "nsslapd-pluginEnabled: on" }
    /^nsSSLPersonalitySSL:/ { $0 = "nsSSLPersonalitySSL: Test-Cert" }
    { print }' dse.ldif >dse.new
cat dse.new >dse.ldif
rm dse.new
echo starting
ns-slapd -D /etc/dirsrv/slapd-test -i /run/dirsrv/slapd-test.pid -d 0
