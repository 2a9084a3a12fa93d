#!/usr/bin/env bash
# Registers EasyAuth in Entra ID with the az command: redirect URIs, an app role, an API with a scope, groups, optional
# claims, permissions, and a credential. docs/entra-setup.md says what each part is for.
#
#   register.sh [--issuer URL] HOST...
#
# The first HOST names the registration. Without --issuer it gets a client secret, written into the file client-secret;
# with the OIDC issuer of an AKS cluster it trusts the service account easyauth in the namespace easyauth. Standard output
# is EasyAuth's configuration. It makes a new registration each time; nobody is assigned to it yet.
set -euo pipefail

issuer=
if [[ ${1:-} == --issuer ]]; then
  issuer=${2:?the issuer of the cluster}
  shift 2
fi
if [[ $# == 0 || $1 == -* ]]; then
  echo 'register.sh [--issuer URL] HOST...' >&2
  exit 2
fi
if [[ -z $issuer && -d client-secret ]]; then
  echo 'client-secret is a folder here; it is to be a file' >&2
  exit 2
fi

work=$(mktemp -d)
new= # the client secret, until it has its name
trap 'rm -rf "$work" ${new:+"$new"}' EXIT
new_id() { uuidgen 2>/dev/null || cat /proc/sys/kernel/random/uuid; }

# again COMMAND: what was just made is not known everywhere at once.
again() {
  local try
  for try in 1 2 3 4 5; do
    if "$@"; then
      return
    fi
    sleep "$((try * ${WAIT:-3}))"
  done
  return 1
}

redirects=()
for host in "$@"; do
  redirects+=("https://$host/easyauth/signin-oidc" "https://$host/easyauth/signout-callback-oidc")
done

tenant=$(az account show --query tenantId --output tsv)
client=$(az ad app create --display-name "$1" --sign-in-audience AzureADMyOrg --web-redirect-uris "${redirects[@]}" \
  --query appId --output tsv)
again az ad sp create --id "$client" --output none

admin=$(new_id)
orders=$(new_id)
cat > "$work/registration.json" <<JSON
{"identifierUris": ["api://$client"],
 "appRoles": [{
   "id": "$admin", "value": "Admin", "displayName": "Admin", "description": "May administer the application.",
   "allowedMemberTypes": ["User", "Application"], "isEnabled": true}],
 "api": {
   "requestedAccessTokenVersion": 2,
   "oauth2PermissionScopes": [{
     "id": "$orders", "value": "Orders.Read", "type": "User", "isEnabled": true,
     "adminConsentDisplayName": "Read orders", "adminConsentDescription": "Read orders as the signed-in user.",
     "userConsentDisplayName": "Read your orders", "userConsentDescription": "Read the orders that you can see."}]},
 "groupMembershipClaims": "ApplicationGroup",
 "optionalClaims": {
   "idToken": [{"name": "auth_time"}, {"name": "acrs"}, {"name": "sid"}, {"name": "login_hint"}],
   "accessToken": [{"name": "auth_time"}, {"name": "acrs"}, {"name": "idtyp"}, {"name": "email"}, {"name": "preferred_username"}]}}
JSON
again az rest --method PATCH --url "https://graph.microsoft.com/v1.0/applications(appId='$client')" \
  --body "@$work/registration.json" >&2

# az itself may get tokens for this API: az account get-access-token --scope api://CLIENT_ID/Orders.Read
cat > "$work/az.json" <<JSON
{"api": {"preAuthorizedApplications": [
  {"appId": "04b07795-8ddb-461a-bbee-02f9e1bf7b46", "delegatedPermissionIds": ["$orders"]}]}}
JSON
again az rest --method PATCH --url "https://graph.microsoft.com/v1.0/applications(appId='$client')" --body "@$work/az.json" >&2

az ad sp update --id "$client" --set appRoleAssignmentRequired=true >&2 # only who is assigned may sign in
az ad app permission add --id "$client" --api 00000003-0000-0000-c000-000000000000 \
  --api-permissions e1fe6dd8-ba31-4d61-89e7-88639da4683d=Scope --output none # Microsoft Graph's User.Read
again az ad app permission admin-consent --id "$client" >&2

if [[ -n $issuer ]]; then
  cat > "$work/federated.json" <<JSON
{"name": "easyauth", "issuer": "$issuer", "subject": "system:serviceaccount:easyauth:easyauth",
 "audiences": ["api://AzureADTokenExchange"]}
JSON
  again az ad app federated-credential create --id "$client" --parameters "@$work/federated.json" --output none
else
  secret=$(az ad app credential reset --id "$client" --append --display-name easyauth --years 1 --query password --output tsv)
  new=$(mktemp ./client-secret.XXXXXX) # for this user alone, whatever client-secret was before, a link too
  printf %s "$secret" > "$new"
  mv -f "$new" client-secret
fi

printf 'EASYAUTH_TENANT_ID=%s\nEASYAUTH_CLIENT_ID=%s\nEASYAUTH_HOSTS=%s\n' "$tenant" "$client" "$(IFS=, && echo "$*")"
if [[ -z $issuer ]]; then
  printf 'EASYAUTH_CLIENT_SECRET_FILE=client-secret\n'
fi
