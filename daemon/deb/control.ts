/** The package's own papers: who it is, what it needs, and what happens when it comes and goes. */

export interface Identity {
  readonly version: string;
  readonly architecture: "amd64" | "arm64";
  /** Seconds since 1970: the time of every file, so that the same source makes the same package. */
  readonly epoch_s: number;
}

const MAINTAINER = "Maestro maintainers <maintainers@maestro.invalid>";

export function control({ version, architecture }: Identity, installed_KiB: number): string {
  return `Package: maestro
Version: ${version}
Architecture: ${architecture}
Maintainer: ${MAINTAINER}
Installed-Size: ${installed_KiB}
Depends: libc6 (>= 2.28), libgcc-s1, libstdc++6, git (>= 1:2.38)
Recommends: bubblewrap, systemd
Suggests: runsc, z3, default-jre-headless
Section: devel
Priority: optional
Description: gate for changes on a build host
 Says of every change, by an agent or a person: is it safe, what did it cost,
 who should look, may it ship. Leaves a file a stranger can check offline.
 .
 An installation does nothing before /etc/maestro/maestrod.yaml is written; an
 example lies in /usr/share/doc/maestro/examples.
`;
}

const UNITS = "maestrod.socket maestrod-admin.socket maestrod-verify.socket maestro-egress.socket maestro-sandbox.socket";

/** DPKG_ROOT is where the package is being installed to; systemd runs only on the machine itself. */
export const SCRIPTS: Readonly<Record<string, string>> = {
  postinst: `#!/bin/sh
set -e
if [ "$1" = configure ]; then
  systemd-sysusers \${DPKG_ROOT:+--root="$DPKG_ROOT"} maestro.conf
  systemd-tmpfiles \${DPKG_ROOT:+--root="$DPKG_ROOT"} --create maestro.conf
  if [ -z "$DPKG_ROOT" ] && [ -d /run/systemd/system ]; then
    systemctl daemon-reload
    # After an upgrade: the sockets stay open, so no request is lost.
    systemctl try-restart maestrod.service
  fi
fi
`,
  prerm: `#!/bin/sh
set -e
if [ "$1" = remove ] && [ -z "$DPKG_ROOT" ] && [ -d /run/systemd/system ]; then
  systemctl disable --now ${UNITS} maestro-reporter.service maestrod.service
fi
`,
  postrm: `#!/bin/sh
set -e
if [ -z "$DPKG_ROOT" ] && [ -d /run/systemd/system ]; then
  systemctl daemon-reload
fi
if [ "$1" = purge ]; then
  # Signed evidence and keys are the operator's: nobody can make them again.
  echo "maestro: kept $DPKG_ROOT/var/lib/maestro; remove it yourself if its evidence is not needed" >&2
fi
`,
};

export function changelog({ version, epoch_s }: Identity): string {
  const date = new Date(epoch_s * 1000).toUTCString().replace("GMT", "+0000");
  return `maestro (${version}) unstable; urgency=medium\n\n  * As of this version of the source.\n\n -- ${MAINTAINER}  ${date}\n`;
}

export function copyright(): string {
  return `Format: https://www.debian.org/doc/packaging-manuals/copyright-format/1.0/
Upstream-Name: maestro

Files: *
Copyright: Maestro maintainers
License: Apache-2.0

Files: usr/lib/maestro/bun
Copyright: Oven
License: Expat
Comment: Bun, and the libraries it is linked to, each under its own licence; see https://bun.sh/docs/project/licensing

Files: usr/lib/maestro/node_modules/*
Copyright: their authors
License: various
Comment: each package carries its own licence in its folder

License: Apache-2.0
 On Debian systems the text is in /usr/share/common-licenses/Apache-2.0.

License: Expat
 Permission is hereby granted, free of charge, to any person obtaining a copy
 of this software and associated documentation files, to deal in the software
 without restriction, including the rights to use, copy, modify, merge, publish,
 distribute, sublicense and sell copies, provided that the above copyright
 notice and this permission notice appear in all copies. The software is
 provided "as is", without warranty of any kind.

License: various
 See each package's own folder.
`;
}

/** What lintian says that is meant so, each with its reason. */
export const OVERRIDES = `# Bun is shipped as its makers built it, and so are the native parts of the registry's packages.
maestro: unstripped-binary-or-object [usr/lib/maestro/*]
maestro: embedded-library *
maestro: hardening-no-pie *
maestro: library-not-linked-against-libc *
# Packages of the registry as they were published; none of their programs is offered.
maestro: extra-license-file *
maestro: package-contains-documentation-outside-usr-share-doc *
maestro: script-not-executable *
maestro: national-encoding *
`;
