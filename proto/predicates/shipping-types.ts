/** Apart from the schemas, because the list of what a gate key signs stands below them. */
export const SHIPMENT_PREDICATE = "urn:maestro:predicate:shipment:v1";
/** in-toto's own: its prose is at 0.2, its URI at v0.1. */
export const PACKAGE_RELEASE_PREDICATE = "https://in-toto.io/attestation/release/v0.1";
