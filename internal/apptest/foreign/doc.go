// Package foreign holds the proof that vendors need nothing special: relying parties that others
// wrote, unmodified, go the whole way with the whole program. Each signs a customer in, reads
// UserInfo, refreshes, follows a change of the vault, signs in again without a question, is told a
// "no", meets a withdrawal, and signs the customer out.
//
// The libraries are coreos/go-oidc with x/oauth2, zitadel/oidc's rp, and panva's openid-client from
// npm under Node; Apache's mod_auth_openidc and oauth2-proxy guard a site each. What docs/vendors.md has
// vendors write is run as it stands there. Nobody imports this package.
package foreign
