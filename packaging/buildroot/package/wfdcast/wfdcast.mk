################################################################################
#
# wfdcast
#
################################################################################

WFDCAST_VERSION = 0.1.0
WFDCAST_SITE = $(BR2_EXTERNAL_WFDCAST_PATH)/../..
WFDCAST_SITE_METHOD = local
WFDCAST_LICENSE = Apache-2.0
WFDCAST_LICENSE_FILES = LICENSE
WFDCAST_DEPENDENCIES = \
	cli11 fmt json-for-modern-cpp libevdev libevent tl-expected \
	tomlplusplus host-pkgconf
WFDCAST_CONF_OPTS = -DWFD_TESTS=OFF

ifeq ($(BR2_PACKAGE_WFDCAST_GSTREAMER),y)
WFDCAST_DEPENDENCIES += gstreamer1 gst1-plugins-base
WFDCAST_CONF_OPTS += -DWFD_GSTREAMER=ON
else
WFDCAST_CONF_OPTS += -DWFD_GSTREAMER=OFF
endif

ifeq ($(BR2_PACKAGE_WFDCAST_P2P),y)
WFDCAST_DEPENDENCIES += libnl wpa_supplicant
WFDCAST_CONF_OPTS += -DWFD_P2P=ON
else
WFDCAST_CONF_OPTS += -DWFD_P2P=OFF
endif

ifeq ($(BR2_PACKAGE_WFDCAST_TLS),y)
WFDCAST_DEPENDENCIES += libsrtp openssl
WFDCAST_CONF_OPTS += -DWFD_TLS=ON
else
WFDCAST_CONF_OPTS += -DWFD_TLS=OFF
endif

ifeq ($(BR2_INIT_SYSTEMD),y)
WFDCAST_CONF_OPTS += -DWFD_SYSTEMD=ON
else
WFDCAST_CONF_OPTS += -DWFD_SYSTEMD=OFF
endif

define WFDCAST_USERS
	wfdcast -1 wfdcast -1 * /var/lib/wfdcast - - Wi-Fi Display
endef

$(eval $(cmake-package))
