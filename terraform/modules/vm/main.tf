# The machine's first start: Docker, this project at one commit, and the stack of Compose, with the
# production overlay where others are to reach it.

locals {
  setup = concat(
    ["python", "-m", "iracing_pipeline", "stack", "setup", "--telemetry", "/srv/iracing/telemetry"],
    flatten([for name in var.public_names : ["--production", name]]),
  )
  cloud_init = templatefile("${path.module}/cloud-init.yaml.tftpl", {
    repository   = var.repository
    revision     = var.revision
    public_names = var.public_names
    ssh_keys     = var.ssh_keys
    ssh_from     = var.ssh_from
    swap_gb      = var.swap_gb
    setup        = [for word in local.setup : "\"${word}\""]
  })
}
