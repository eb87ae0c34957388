# Two zones, because RDS asks for them. The database's subnets have no way out; the containers'
# have one, through a NAT gateway or through an address of their own that no rule lets in.

resource "aws_vpc" "this" {
  cidr_block           = var.network_cidr
  enable_dns_support   = true
  enable_dns_hostnames = true
  tags                 = merge(local.tags, { Name = local.prefix })

  #checkov:skip=CKV2_AWS_11:flow logs cost more than the database of one driver; nothing listens to the outside
}

# Taken over to close it: a new network comes with one that allows everything.
resource "aws_default_security_group" "closed" {
  vpc_id = aws_vpc.this.id
}

resource "aws_subnet" "containers" {
  count                   = 2
  vpc_id                  = aws_vpc.this.id
  availability_zone       = data.aws_availability_zones.available.names[count.index]
  cidr_block              = cidrsubnet(var.network_cidr, 4, count.index)
  map_public_ip_on_launch = false
  tags                    = merge(local.tags, { Name = "${local.prefix}-containers-${count.index}" })
}

resource "aws_subnet" "database" {
  count             = 2
  vpc_id            = aws_vpc.this.id
  availability_zone = data.aws_availability_zones.available.names[count.index]
  cidr_block        = cidrsubnet(var.network_cidr, 4, 4 + count.index)
  tags              = merge(local.tags, { Name = "${local.prefix}-database-${count.index}" })
}

resource "aws_subnet" "nat" {
  count             = var.nat ? 1 : 0
  vpc_id            = aws_vpc.this.id
  availability_zone = data.aws_availability_zones.available.names[0]
  cidr_block        = cidrsubnet(var.network_cidr, 4, 8)
  tags              = merge(local.tags, { Name = "${local.prefix}-nat" })
}

resource "aws_internet_gateway" "this" {
  vpc_id = aws_vpc.this.id
  tags   = merge(local.tags, { Name = local.prefix })
}

resource "aws_eip" "nat" {
  count  = var.nat ? 1 : 0
  domain = "vpc"
  tags   = merge(local.tags, { Name = "${local.prefix}-nat" })

  #checkov:skip=CKV2_AWS_19:it is the address of the NAT gateway
}

resource "aws_nat_gateway" "this" {
  count         = var.nat ? 1 : 0
  allocation_id = aws_eip.nat[0].id
  subnet_id     = aws_subnet.nat[0].id
  tags          = merge(local.tags, { Name = local.prefix })
  depends_on    = [aws_internet_gateway.this]
}

resource "aws_route_table" "containers" {
  vpc_id = aws_vpc.this.id
  tags   = merge(local.tags, { Name = "${local.prefix}-containers" })

  route {
    cidr_block     = "0.0.0.0/0"
    gateway_id     = var.nat ? null : aws_internet_gateway.this.id
    nat_gateway_id = var.nat ? aws_nat_gateway.this[0].id : null
  }
}

resource "aws_route_table_association" "containers" {
  count          = 2
  subnet_id      = aws_subnet.containers[count.index].id
  route_table_id = aws_route_table.containers.id
}

resource "aws_route_table" "nat" {
  count  = var.nat ? 1 : 0
  vpc_id = aws_vpc.this.id
  tags   = merge(local.tags, { Name = "${local.prefix}-nat" })

  route {
    cidr_block = "0.0.0.0/0"
    gateway_id = aws_internet_gateway.this.id
  }
}

resource "aws_route_table_association" "nat" {
  count          = var.nat ? 1 : 0
  subnet_id      = aws_subnet.nat[0].id
  route_table_id = aws_route_table.nat[0].id
}

# Free, and it keeps frames off the NAT gateway, which charges by the gigabyte.
resource "aws_vpc_endpoint" "s3" {
  vpc_id            = aws_vpc.this.id
  service_name      = "com.amazonaws.${var.region}.s3"
  vpc_endpoint_type = "Gateway"
  route_table_ids   = [aws_route_table.containers.id]
  tags              = merge(local.tags, { Name = "${local.prefix}-s3" })
}

resource "aws_security_group" "containers" {
  name        = "${local.prefix}-containers"
  description = "Containers: out to iRacing, AWS and the database; in to the webserver from named private ranges"
  vpc_id      = aws_vpc.this.id
  tags        = merge(local.tags, { Name = "${local.prefix}-containers" })
}

resource "aws_vpc_security_group_egress_rule" "https" {
  security_group_id = aws_security_group.containers.id
  description       = "iRacing, AWS, Grafana Cloud"
  cidr_ipv4         = "0.0.0.0/0"
  ip_protocol       = "tcp"
  from_port         = 443
  to_port           = 443
}

resource "aws_vpc_security_group_egress_rule" "database" {
  security_group_id            = aws_security_group.containers.id
  description                  = "The database"
  referenced_security_group_id = aws_security_group.database.id
  ip_protocol                  = "tcp"
  from_port                    = 5432
  to_port                      = 5432
}

resource "aws_vpc_security_group_ingress_rule" "webserver" {
  for_each          = toset(var.dagster_enabled ? var.webserver_allowed : [])
  security_group_id = aws_security_group.containers.id
  description       = "Dagster's webserver"
  cidr_ipv4         = each.value
  ip_protocol       = "tcp"
  from_port         = 3000
  to_port           = 3000
}

resource "aws_security_group" "database" {
  name        = "${local.prefix}-database"
  description = "PostgreSQL, from the containers alone"
  vpc_id      = aws_vpc.this.id
  tags        = merge(local.tags, { Name = "${local.prefix}-database" })
}

resource "aws_vpc_security_group_ingress_rule" "database" {
  security_group_id            = aws_security_group.database.id
  description                  = "The containers"
  referenced_security_group_id = aws_security_group.containers.id
  ip_protocol                  = "tcp"
  from_port                    = 5432
  to_port                      = 5432
}
