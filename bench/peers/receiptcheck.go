// Checks one receipt (C2SP tlog-proof) of one log entry with Go's own note and tlog packages and with transparency-dev's Merkle library.
package main

import (
	"bytes"
	"encoding/base64"
	"fmt"
	"os"
	"strconv"
	"strings"

	"github.com/transparency-dev/merkle/proof"
	"github.com/transparency-dev/merkle/rfc6962"
	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"
)

func must[T any](value T, err error) T {
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	return value
}

func fail(because string) {
	fmt.Fprintln(os.Stderr, because)
	os.Exit(1)
}

func main() {
	verifier := must(note.NewVerifier(strings.TrimSpace(string(must(os.ReadFile(os.Args[1]))))))
	receipt := must(os.ReadFile(os.Args[2]))
	entry := must(os.ReadFile(os.Args[3]))
	head, checkpoint, found := bytes.Cut(receipt, []byte("\n\n"))
	lines := strings.Split(string(head), "\n")
	if !found || len(lines) < 2 || lines[0] != "c2sp.org/tlog-proof@v1" {
		fail("not a tlog-proof")
	}
	index := must(strconv.ParseInt(strings.TrimPrefix(lines[1], "index "), 10, 64))
	opened := must(note.Open(checkpoint, note.VerifierList(verifier)))
	text := strings.Split(opened.Text, "\n")
	if text[0] != verifier.Name() {
		fail("another origin")
	}
	size := must(strconv.ParseInt(text[1], 10, 64))
	root := must(base64.StdEncoding.DecodeString(text[2]))
	var hashes [][]byte
	var record tlog.RecordProof
	for _, line := range lines[2:] {
		hash := must(base64.StdEncoding.DecodeString(line))
		hashes = append(hashes, hash)
		record = append(record, tlog.Hash(hash))
	}
	if err := proof.VerifyInclusion(rfc6962.DefaultHasher, uint64(index), uint64(size), rfc6962.DefaultHasher.HashLeaf(entry), hashes, root); err != nil {
		fail(err.Error())
	}
	if err := tlog.CheckRecord(record, size, tlog.Hash(root), index, tlog.RecordHash(entry)); err != nil {
		fail(err.Error())
	}
	fmt.Printf("entry %d of %d in %s\n", index, size, text[0])
}
