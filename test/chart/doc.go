// Package chart holds the tests of charts/easyauth and of the documents about Kubernetes. They run Helm, which
// test/tools/install-dependencies builds, without a cluster, or against one that the test itself makes up; they
// decode what Helm renders as Kubernetes would, and give it to EasyAuth's own configuration. No cluster is needed,
// and none is asked.
package chart
