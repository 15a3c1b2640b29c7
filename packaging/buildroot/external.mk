include $(sort $(wildcard $(BR2_EXTERNAL_WFDCAST_PATH)/package/*/*.mk))
