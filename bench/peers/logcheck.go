// Checks a log folder the way Go's module system checks its own: the
// checkpoint as a signed note, every entry against tiles read from disk, and
// the proofs Maestro made. Prints one line of counts, or fails.
package main

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"
)

// tiles reads C2SP tile paths, which leave out the height of 8.
type tiles struct{ folder string }

func (t tiles) Height() int { return 8 }

func (t tiles) SaveTiles([]tlog.Tile, [][]byte) {}

func (t tiles) ReadTiles(wanted []tlog.Tile) ([][]byte, error) {
	out := make([][]byte, len(wanted))
	for i, tile := range wanted {
		path := strings.Replace(tile.Path(), "tile/8/", "tile/", 1)
		data, err := os.ReadFile(filepath.Join(t.folder, path))
		if err != nil {
			return nil, err
		}
		out[i] = data
	}
	return out, nil
}

func must[T any](value T, err error) T {
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	return value
}

func check(err error) { must(0, err) }

func openCheckpoint(text []byte, verifier note.Verifier) tlog.Tree {
	opened := must(note.Open(text, note.VerifierList(verifier)))
	lines := strings.Split(opened.Text, "\n")
	return tlog.Tree{N: must(strconv.ParseInt(lines[1], 10, 64)), Hash: must(tlog.ParseHash(lines[2]))}
}

func entries(folder string, size int64) [][]byte {
	var all [][]byte
	for n := int64(0); n*256 < size; n++ {
		path := fmt.Sprintf("tile/entries/%03d", n)
		if width := size - n*256; width < 256 {
			path += fmt.Sprintf(".p/%d", width)
		}
		data := must(os.ReadFile(filepath.Join(folder, path)))
		for len(data) > 0 {
			length := int(binary.BigEndian.Uint16(data))
			all = append(all, data[2:2+length])
			data = data[2+length:]
		}
	}
	return all
}

func hashes(lines []string) []tlog.Hash {
	var out []tlog.Hash
	for _, line := range lines {
		out = append(out, must(tlog.ParseHash(line)))
	}
	return out
}

// receipt checks one .tlog-proof file by itself.
func receipt(path string, verifier note.Verifier, all [][]byte) {
	head, checkpoint, found := bytes.Cut(must(os.ReadFile(path)), []byte("\n\n"))
	lines := strings.Split(string(head), "\n")
	if !found || lines[0] != "c2sp.org/tlog-proof@v1" {
		check(fmt.Errorf("%s: not a tlog-proof", path))
	}
	index := must(strconv.ParseInt(strings.TrimPrefix(lines[1], "index "), 10, 64))
	tree := openCheckpoint(checkpoint, verifier)
	check(tlog.CheckRecord(hashes(lines[2:]), tree.N, tree.Hash, index, tlog.RecordHash(all[index])))
}

func main() {
	folder, given := os.Args[1], os.Args[2]
	vkey := strings.TrimSpace(string(must(os.ReadFile(filepath.Join(folder, "log.vkey")))))
	verifier := must(note.NewVerifier(vkey))
	tree := openCheckpoint(must(os.ReadFile(filepath.Join(folder, "checkpoint"))), verifier)
	reader := tlog.TileHashReader(tree, tiles{folder})
	all := entries(folder, tree.N)
	if int64(len(all)) != tree.N {
		check(fmt.Errorf("%d entries, the checkpoint says %d", len(all), tree.N))
	}
	for i, entry := range all {
		proof := must(tlog.ProveRecord(tree.N, int64(i), reader))
		check(tlog.CheckRecord(proof, tree.N, tree.Hash, int64(i), tlog.RecordHash(entry)))
	}
	receipts := must(filepath.Glob(filepath.Join(given, "*.tlog-proof")))
	for _, path := range receipts {
		receipt(path, verifier, all)
	}
	old := openCheckpoint(must(os.ReadFile(filepath.Join(given, "old-checkpoint"))), verifier)
	lines := strings.Fields(string(must(os.ReadFile(filepath.Join(given, "consistency")))))
	check(tlog.CheckTree(hashes(lines), tree.N, tree.Hash, old.N, old.Hash))
	fmt.Printf("%d entries, %d receipts, %d extends %d\n", len(all), len(receipts), tree.N, old.N)
}
