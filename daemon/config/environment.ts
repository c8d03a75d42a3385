/** The one place of the daemon that reads the process environment. */
import { locationsOf, type LocationOverrides, type Locations } from "../../proto/locations.ts";

/** Where this daemon's things are; what the command line gave comes first. */
export function ownLocations(given: LocationOverrides = {}): Locations {
  return locationsOf(process.env, given);
}
