### certificate:e1-server on e1: probe
if [ -f /etc/etcd/ca/issued/e1-server.crt ]; then printf 'certificate='; base64 -w 0 </etc/etcd/ca/issued/e1-server.crt; echo; fi
if [ -f /etc/etcd/ca/ca.crt ]; then printf 'ca='; base64 -w 0 </etc/etcd/ca/ca.crt; echo; fi
echo "now=$(date +%s)"

### certificate:e1-server on e1: step 1
umask 077
mkdir -p /etc/etcd/ca/issued
work=$(mktemp -d /etc/etcd/ca/issued/.signing.XXXXXX)
trap 'rm -rf "$work"' EXIT
cat >"$work/request"
cat >"$work/extensions" <<'EOF'
basicConstraints=critical,CA:FALSE
keyUsage=critical,digitalSignature
extendedKeyUsage=serverAuth,clientAuth
authorityKeyIdentifier=keyid
subjectAltName=DNS:e1,DNS:localhost,IP:192.0.2.31,IP:127.0.0.1
EOF
openssl x509 -req -in "$work/request" -CA /etc/etcd/ca/ca.crt -CAkey /etc/etcd/ca/ca.key -sha256 -days 1095 \
  -set_serial "0x$(openssl rand -hex 16)" -extfile "$work/extensions" -out "$work/certificate" 2>"$work/said" || {
  cat "$work/said" >&2
  exit 1
}
{ printf '%s\n' '# request sha256 041569db9df57e50ef344a033267abd8e60ac37c3afd3eac3c658b434ea311eb'; cat "$work/certificate"; } >"$work/whole"
chmod 644 "$work/whole"
{ sync -- "$work/whole" 2>/dev/null || sync; }
mv -fT "$work/whole" '/etc/etcd/ca/issued/e1-server.crt'
{ sync -- /etc/etcd/ca/issued 2>/dev/null || sync; }

### certificate:cp1-client on e1: step 1, of 21 lines
…
extendedKeyUsage=clientAuth
…
