// Package record writes what a room sounds like into files that are whole
// files at every moment.
//
// # What is written while it is heard
//
// Always WAV, 16-bit linear, at the recording's rate: its header is made to
// fit three times a second, after the samples it counts, so that a program that
// is killed leaves files which any player opens, up to the last second. Every
// five seconds they are written through to the disk, for the machine may lose
// its power too. A recording has a folder of its own, with the spec in it, so
// that Salvage can finish it knowing nothing else. Folders and files are for
// this user alone.
//
// Sound comes from a media.Tap, which costs the mixer one copy a tick. The
// sums of both rates are brought to the recording's rate here and limited as
// the mix is; a track has exactly what its participant's legs put into the
// mix. One clock counts the ticks of all files: they are of equal length and
// aligned to the sample, whoever came late, left, or was lost to a disk that
// was too slow. A track begins to exist with the first sound of its
// participant (silence stands for the time before): a thousand listeners who
// never speak make no thousand files. Silence is left out of the files as
// holes, where the file system has them.
//
// # Formats
//
// "mp3" and "opus" are made of the WAV files after the end, which then go.
// Not meanwhile: what is compressed half-way cannot be mended, twice the
// writing would be to do in an hour that is busy, and nobody waits for the
// result. Encoding works a third of the time, for one recording at once.
//
// Opus in Ogg (RFC 7845) is encoded by libopus (BSD), compiled to WebAssembly
// and run by wazero: there is no encoder in Go.
//
// MP3 is there where the operator brings the encoder. The encoders there are,
// LAME and Shine and what is made of them, are under the LGPL, and one file
// with everything in it cannot meet its terms. What works is the file
// wasm/mp3.wasm of the npm package wasm-media-encoders 0.7.0 (LAME in
// WebAssembly): its path is given to MP3, and its functions are the interface
// any other such module needs. It sees nothing but its own memory.
//
// # When the disk is full
//
// A recording that cannot be written, or that leaves less free than KeepFree
// says, ends at once with that error, and with what there is in files that
// are whole. It is not tried again; the call goes on.
package record
