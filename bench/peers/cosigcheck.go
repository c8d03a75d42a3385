// Opens a checkpoint as Go's note package does, with the log's key and the
// keys of its witnesses as transparency-dev's formats package reads them, and
// prints whose signatures stand under it. Fails where one is missing or bad.
package main

import (
	"fmt"
	"os"

	fnote "github.com/transparency-dev/formats/note"
	"golang.org/x/mod/sumdb/note"
)

func fail(err error) {
	fmt.Fprintln(os.Stderr, err)
	os.Exit(1)
}

func main() {
	if len(os.Args) < 4 {
		fail(fmt.Errorf("usage: cosigcheck CHECKPOINT LOG_VKEY WITNESS_VKEY..."))
	}
	text, err := os.ReadFile(os.Args[1])
	if err != nil {
		fail(err)
	}
	log, err := note.NewVerifier(os.Args[2])
	if err != nil {
		fail(err)
	}
	known := []note.Verifier{log}
	for _, vkey := range os.Args[3:] {
		witness, err := fnote.NewVerifierForCosignatureV1(vkey)
		if err != nil {
			fail(err)
		}
		known = append(known, witness)
	}
	opened, err := note.Open(text, note.VerifierList(known...))
	if err != nil {
		fail(err)
	}
	if len(opened.Sigs) != len(known) {
		fail(fmt.Errorf("%d of %d signatures", len(opened.Sigs), len(known)))
	}
	for _, sig := range opened.Sigs[1:] {
		at, err := fnote.CoSigV1Timestamp(sig)
		if err != nil {
			fail(err)
		}
		fmt.Println(sig.Name, at.Unix())
	}
}
