// Appends, proves and verifies with golang.org/x/mod/sumdb/tlog over hashes in
// memory, for bench/append.ts. Prints microseconds per operation, as JSON.
package main

import (
	"fmt"
	"os"
	"strconv"
	"time"

	"golang.org/x/mod/sumdb/tlog"
)

type stored []tlog.Hash

func (s stored) ReadHashes(indexes []int64) ([]tlog.Hash, error) {
	hashes := make([]tlog.Hash, len(indexes))
	for i, at := range indexes {
		hashes[i] = s[at]
	}
	return hashes, nil
}

func must[T any](value T, err error) T {
	if err != nil {
		panic(err)
	}
	return value
}

func eachUs(count int64, work func(i int64)) float64 {
	start := time.Now()
	for i := int64(0); i < count; i++ {
		work(i)
	}
	return float64(time.Since(start).Nanoseconds()) / 1000 / float64(count)
}

func main() {
	size := must(strconv.ParseInt(os.Args[1], 10, 64))
	count := must(strconv.ParseInt(os.Args[2], 10, 64))
	tree := make(stored, 0, tlog.StoredHashCount(size))
	entry := make([]byte, 600)
	for i := int64(0); i < size; i++ {
		copy(entry, fmt.Sprintf("%d", i))
		tree = append(tree, must(tlog.StoredHashes(i, entry, tree))...)
	}
	root := must(tlog.TreeHash(size, tree))
	place := func(i int64) int64 { return (i * 7919) % size }
	leaves := make([]tlog.Hash, count)
	proofs := make([]tlog.RecordProof, count)
	for i := int64(0); i < count; i++ {
		copy(entry, fmt.Sprintf("%d", place(i)))
		leaves[i] = tree[tlog.StoredHashIndex(0, place(i))]
		proofs[i] = must(tlog.ProveRecord(size, place(i), tree))
	}
	prove := eachUs(count, func(i int64) { must(tlog.ProveRecord(size, place(i), tree)) })
	verify := eachUs(count, func(i int64) {
		if err := tlog.CheckRecord(proofs[i], size, root, place(i), leaves[i]); err != nil {
			panic(err)
		}
	})
	consistency := eachUs(count, func(i int64) { must(tlog.ProveTree(size, (i*7919)%(size-1)+1, tree)) })
	grown := eachUs(count, func(i int64) { must(tlog.StoredHashes(size, entry, tree)) })
	fmt.Printf("{\"prove_us\": %f, \"verify_us\": %f, \"consistency_us\": %f, \"append_us\": %f}\n", prove, verify, consistency, grown)
}
