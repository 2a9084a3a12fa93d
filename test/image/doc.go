// Package image holds tests and nothing else: of the container image, which they build with Buildah as anybody would with
// the Dockerfile, look into and run; and of the files of a release. No registry is asked: the image that builds is
// made of this machine's Go, shell and certificates.
//
// Buildah needs no daemon. Its storage is in a temporary folder of the test, so that no image of the machine is touched.
package image
